"""Exports small random models by both of torch's ONNX exporters, with onnxruntime's answers beside each.

    python Tests/Oracles/onnx/make_foreign.py --out build/foreign --seed $RANDOM
    python Tests/Oracles/onnx/make_foreign.py --out Tests/UnmaskONNXTests/Fixtures/foreign --only-fixtures --seed 7

Writes NAME.onnx, and NAME.json with the inputs, the outputs and how many blocks the file has. docs/onnx-import.md
says which spellings these files hold. Versions: Tests/Oracles/requirements.txt.
"""

import argparse
import json
import sys
import warnings
import zlib
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "model"))

import torchvision_shim  # noqa: E402, F401  (before transformers and timm)

import numpy as np  # noqa: E402
import onnx  # noqa: E402
import onnxruntime  # noqa: E402
import torch  # noqa: E402
from foreign_models import IMAGE, MODELS, PATCH  # noqa: E402
from weights import randomise  # noqa: E402

SCRIPT_OPSETS, DYNAMO_OPSETS = (14, 17), (18, 20)
BATCH = 2


def options():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--out", type=Path, required=True)
    p.add_argument("--seed", type=int, default=7)
    p.add_argument("--only", default="", help="make only files whose name contains this")
    p.add_argument("--threads", type=int, default=2)
    return p.parse_args()


def export(model, inputs, names, outputs, path, exporter, opset):
    batch = {0: "batch"}
    if exporter == "script":
        torch.onnx.export(
            model, inputs, path, input_names=names, output_names=outputs, opset_version=opset, dynamo=False,
            dynamic_axes={name: batch for name in names + outputs})
    else:
        shapes = tuple({0: torch.export.Dim("batch")} for _ in inputs)
        torch.onnx.export(
            model, inputs, path, input_names=names, output_names=outputs, opset_version=opset, dynamo=True,
            dynamic_shapes=shapes, external_data=False, verbose=False)


def array(values):
    return {"shape": list(values.shape), "values": [float(x) for x in values.reshape(-1)]}


def main():
    o = options()
    torch.set_num_threads(o.threads)
    warnings.filterwarnings("ignore")
    o.out.mkdir(parents=True, exist_ok=True)
    failures = []
    for name, foreign in MODELS.items():
        generator = torch.Generator().manual_seed(o.seed * 2**32 + zlib.crc32(name.encode()))
        for attention in ("sdpa", "eager"):
            for exporter, opsets in (("script", SCRIPT_OPSETS), ("dynamo", DYNAMO_OPSETS)):
                for opset in opsets:
                    file = f"{name}-{attention}-{exporter}-{opset}"
                    if o.only not in file:
                        continue
                    generator.manual_seed(o.seed * 2**32 + zlib.crc32(name.encode()))
                    model = foreign.build(attention).eval()
                    randomise(model, generator)
                    inputs = [torch.randn(BATCH, 3, IMAGE, IMAGE, generator=generator)]
                    names = ["pixels"]
                    if foreign.noise:
                        inputs.append(torch.rand(BATCH, (IMAGE // PATCH) ** 2, generator=generator))
                        names.append("noise")
                    path = o.out / f"{file}.onnx"
                    try:
                        with torch.no_grad():
                            export(model, tuple(inputs), names, foreign.outputs, str(path), exporter, opset)
                        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
                        feeds = {n: x.numpy() for n, x in zip(names, inputs)}
                        found = session.run(None, feeds)
                    except Exception as error:
                        failures.append(file)
                        print(file, "FAILED", type(error), str(error)[:300].replace("\n", " "))
                        continue
                    described = {
                        "name": file, "attentions": foreign.attentions, "mlps": foreign.mlps,
                        "inputs": {n: array(x) for n, x in feeds.items()},
                        "outputs": {n: array(np.asarray(x)) for n, x in zip(foreign.outputs, found)},
                        "seed": o.seed,
                        "versions": {p: version(p) for p in ("torch", "transformers", "timm", "onnx", "onnxruntime")},
                    }
                    (o.out / f"{file}.json").write_text(json.dumps(described))
                    graph = onnx.load(path, load_external_data=False)
                    print(file, graph.opset_import[0].version, len(graph.graph.node), path.stat().st_size, flush=True)
    if failures:
        sys.exit(f"{len(failures)} could not be exported")


if __name__ == "__main__":
    main()
