"""One warm peer. Prints `first` with its first result, `ready` when warm; then runs one forward pass for each line on stdin
and prints its seconds.

    python bench/peers/worker.py openvino --arch vit-b/16 --batch 1 --threads 2 --files build/bench-peers
"""

import argparse
import sys

import numpy as np
from exported import ARCHITECTURES, files
from lockstep import answer_turns


def torch_eager(o, pixels, onnx):
    """Scaled-dot-product attention, inference mode, as most people run it."""
    return _in_torch(o, pixels, lambda model: model)


def torch_compile(o, pixels, onnx):
    """Inductor with weights frozen into the graph."""
    import torch

    def compiled(model):
        torch._inductor.config.freezing = True
        return torch.compile(model)

    return _in_torch(o, pixels, compiled)


def torch_onednn(o, pixels, onnx):
    """Linear layers on oneDNN with packed weights: what MKL, torch's default, lacks on CPUs that are not Intel's."""
    from torch.utils import mkldnn

    return _in_torch(o, pixels, mkldnn.to_mkldnn)


def _in_torch(o, pixels, prepare):
    import torch
    from model import encoder

    torch.set_num_threads(o.threads)
    images = torch.from_numpy(pixels)
    with torch.no_grad():
        model = prepare(encoder(o.arch))

    def forward():
        with torch.no_grad() if torch._inductor.config.freezing else torch.inference_mode():
            return model(images).numpy()

    return forward


def onnxruntime(o, pixels, onnx):
    """All graph optimisations; its threads spin inside a run, where it pays, and stop at its end."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = o.threads
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.add_session_config_entry("session.force_spinning_stop", "1")
    session = onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"pixels": pixels})[0]


def onnxruntime_fused(o, pixels, onnx):
    """The same after onnxruntime's transformers optimizer."""
    from onnxruntime.transformers import optimizer

    fused = onnx.with_name(f"{onnx.stem}-fused.onnx")
    width, _, heads = ARCHITECTURES[o.arch]
    settings = {"model_type": "vit", "num_heads": heads, "hidden_size": width, "opt_level": 0}
    optimizer.optimize_model(str(onnx), **settings).save_model_to_file(str(fused), use_external_data_format=True)
    return onnxruntime(o, pixels, fused)


def openvino(o, pixels, onnx):
    """One stream for latency, float32 throughout."""
    import openvino

    settings = _latency(o) | {"INFERENCE_PRECISION_HINT": "f32"}
    return _in_openvino(pixels, openvino.Core().read_model(onnx), settings)


def openvino_default(o, pixels, onnx):
    """As it comes: bfloat16 where the processor has it in AMX or AVX512-BF16."""
    import openvino

    return _in_openvino(pixels, openvino.Core().read_model(onnx), _latency(o))


def openvino_int8(o, pixels, onnx):
    """NNCF's post-training quantisation for transformers, over the images that are measured; else as it comes."""
    import nncf
    import openvino

    model = openvino.Core().read_model(onnx)
    quantised = nncf.quantize(
        model, nncf.Dataset([pixels]), model_type=nncf.ModelType.TRANSFORMER, subset_size=1
    )
    return _in_openvino(pixels, quantised, _latency(o))


def _latency(o):
    return {"PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": 1, "INFERENCE_NUM_THREADS": o.threads}


def _in_openvino(pixels, model, settings):
    import openvino

    request = openvino.Core().compile_model(model, "CPU", settings).create_infer_request()
    return lambda: request.infer([pixels])[0]


def onnxruntime_int8(o, pixels, onnx):
    """quantize_dynamic: int8 weights, rows quantised as they come."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantised = onnx.with_name(f"{onnx.stem}-int8.onnx")
    quantize_dynamic(str(onnx), str(quantised), weight_type=QuantType.QInt8, op_types_to_quantize=["MatMul", "Gemm"])
    return onnxruntime(o, pixels, quantised)


def torch_bf16(o, pixels, onnx):
    """Eager, the whole model in bfloat16."""
    import torch
    from model import encoder

    torch.set_num_threads(o.threads)
    images = torch.from_numpy(pixels).bfloat16()
    model = encoder(o.arch).bfloat16()

    def forward():
        with torch.inference_mode():
            return model(images).float().numpy()

    return forward


PEERS = {
    "torch-eager": torch_eager,
    "torch-compile": torch_compile,
    "torch-onednn": torch_onednn,
    "onnxruntime": onnxruntime,
    "onnxruntime-fused": onnxruntime_fused,
    "openvino": openvino,
    "openvino-default": openvino_default,
    "torch-bf16": torch_bf16,
    "openvino-int8": openvino_int8,
    "onnxruntime-int8": onnxruntime_int8,
}
# The least cosine between a peer's vectors and torch's float32 ones; the others compute in float32 and are held to 1e-3
# of the largest number.
LEAST_COSINES = {"openvino-default": 0.99, "torch-bf16": 0.99, "openvino-int8": 0.9, "onnxruntime-int8": 0.9}


def check(peer, found, expected):
    cosine = (found * expected).sum(-1) / np.linalg.norm(found, axis=-1) / np.linalg.norm(expected, axis=-1)
    print(f"{peer}: least cosine {cosine.min():.6f}", file=sys.stderr)
    if peer in LEAST_COSINES:
        if not cosine.min() >= LEAST_COSINES[peer]:
            sys.exit(f"{peer}: its vectors have a cosine of {cosine.min():.3f} with torch's: not the same model")
        return
    deviation = np.abs(found - expected).max() / np.abs(expected).max()
    if not deviation <= 1e-3:
        sys.exit(f"{peer}: its result is {deviation:.2g} of the largest value away from torch's; not float32?")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("peer", choices=PEERS)
    p.add_argument("--arch", choices=ARCHITECTURES, default="vit-b/16")
    p.add_argument("--batch", type=int, required=True)
    p.add_argument("--threads", type=int, required=True)
    p.add_argument("--files", required=True, help="folder that model.py wrote for this batch size")
    o = p.parse_args()
    paths = files(o.files, o.arch, o.batch)
    forward = PEERS[o.peer](o, np.load(paths["pixels"]), paths["onnx"])
    expected = np.load(paths["vectors"])
    answer_turns(forward, lambda first: check(o.peer, first.astype(np.float32), expected))


if __name__ == "__main__":
    main()
