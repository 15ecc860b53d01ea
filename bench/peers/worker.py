"""One warm peer. Prints `ready`; then runs one forward pass for each line on stdin and prints its seconds.

    python bench/peers/worker.py openvino --batch 1 --threads 2 --files build/bench-peers
"""

import argparse
import sys
import time

import numpy as np
from exported import files


def torch_eager(pixels, threads, onnx):
    """Scaled-dot-product attention, inference mode, as most people run it."""
    return _in_torch(pixels, threads, lambda model: model)


def torch_compile(pixels, threads, onnx):
    """Inductor with weights frozen into the graph."""
    import torch

    def compiled(model):
        torch._inductor.config.freezing = True
        return torch.compile(model)

    return _in_torch(pixels, threads, compiled)


def torch_onednn(pixels, threads, onnx):
    """Linear layers on oneDNN with packed weights: what MKL, torch's default, lacks on CPUs that are not Intel's."""
    from torch.utils import mkldnn

    return _in_torch(pixels, threads, mkldnn.to_mkldnn)


def _in_torch(pixels, threads, prepare):
    import torch
    from model import encoder

    torch.set_num_threads(threads)
    images = torch.from_numpy(pixels)
    with torch.no_grad():
        model = prepare(encoder())

    def forward():
        with torch.no_grad() if torch._inductor.config.freezing else torch.inference_mode():
            return model(images).numpy()

    return forward


def onnxruntime(pixels, threads, onnx):
    """All graph optimisations; its threads spin inside a run, where it pays, and stop at its end."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.add_session_config_entry("session.force_spinning_stop", "1")
    session = onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"pixels": pixels})[0]


def onnxruntime_fused(pixels, threads, onnx):
    """The same after onnxruntime's transformers optimizer."""
    from onnxruntime.transformers import optimizer

    fused = onnx.with_name(f"{onnx.stem}-fused.onnx")
    settings = {"model_type": "vit", "num_heads": 12, "hidden_size": 768, "opt_level": 0}
    optimizer.optimize_model(str(onnx), **settings).save_model_to_file(str(fused), use_external_data_format=True)
    return onnxruntime(pixels, threads, fused)


def openvino(pixels, threads, onnx):
    """One stream for latency, float32 throughout."""
    import openvino

    settings = {
        "PERFORMANCE_HINT": "LATENCY",
        "NUM_STREAMS": 1,
        "INFERENCE_NUM_THREADS": threads,
        "INFERENCE_PRECISION_HINT": "f32",
    }
    core = openvino.Core()
    request = core.compile_model(core.read_model(onnx), "CPU", settings).create_infer_request()
    return lambda: request.infer([pixels])[0]


PEERS = {
    "torch-eager": torch_eager,
    "torch-compile": torch_compile,
    "torch-onednn": torch_onednn,
    "onnxruntime": onnxruntime,
    "onnxruntime-fused": onnxruntime_fused,
    "openvino": openvino,
}


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("peer", choices=PEERS)
    p.add_argument("--batch", type=int, required=True)
    p.add_argument("--threads", type=int, required=True)
    p.add_argument("--files", required=True, help="folder that model.py wrote for this batch size")
    o = p.parse_args()
    paths = files(o.files, o.batch)
    forward = PEERS[o.peer](np.load(paths["pixels"]), o.threads, paths["onnx"])
    expected = np.load(paths["vectors"])
    deviation = np.abs(forward() - expected).max() / np.abs(expected).max()
    if deviation > 1e-3:
        sys.exit(f"{o.peer}: its result is {deviation:.2g} of the largest value away from torch's; not float32?")
    for _ in range(3):
        forward()
    print("ready", flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        forward()
        print(time.perf_counter() - start, flush=True)


if __name__ == "__main__":
    main()
