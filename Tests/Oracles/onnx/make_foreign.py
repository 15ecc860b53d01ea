"""Exports small random models by both of torch's ONNX exporters, with onnxruntime's answers beside each.

    python Tests/Oracles/onnx/make_foreign.py --out build/foreign --seed $RANDOM
    python Tests/Oracles/onnx/make_foreign.py --out Tests/UnmaskONNXTests/Fixtures/foreign --fixtures --seed 7

Writes NAME.onnx; NAME.json, which describes inputs, outputs and how many blocks the file has; and NAME.f32, the
numbers of inputs and outputs in the order of the description. docs/onnx-import.md says which spellings these files
hold. Versions: Tests/Oracles/requirements.txt.
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

OPSETS = {"script": (14, 17), "dynamo": (18, 20)}
BATCH = 2

# Those that `make test` reads: each spelling once.
FIXTURES = {
    "hf-vit-sdpa-script-14", "hf-dinov2-sdpa-script-14", "hf-dinov2-registers-eager-script-17", "hf-clip-sdpa-dynamo-18",
    "hf-siglip-sdpa-dynamo-20", "hf-siglip-eager-script-17",
    "hf-mae-sdpa-script-17", "timm-avg-sdpa-script-14", "timm-qk-norm-eager-dynamo-20", "timm-siglip-sdpa-script-17",
}  # fmt: skip


def options():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--out", type=Path, required=True)
    p.add_argument("--seed", type=int, default=7)
    p.add_argument("--only", default="", help="make only files whose name contains this")
    p.add_argument("--fixtures", action="store_true", help="make only the files that are committed")
    p.add_argument("--sample", action="store_true", help="make one file of each model, as the seed chooses")
    p.add_argument("--threads", type=int, default=2)
    return p.parse_args()


def variants():
    """Eager attention differs from torch's fused one in both exporters, and alike in their opsets."""
    for exporter, opsets in OPSETS.items():
        for attention in ("sdpa", "eager"):
            for opset in opsets if attention == "sdpa" else opsets[1:]:
                yield attention, exporter, opset


def inputs(foreign, generator):
    found = {"pixels": torch.randn(BATCH, 3, IMAGE, IMAGE, generator=generator)}
    if foreign.noise:
        found["noise"] = torch.rand(BATCH, (IMAGE // PATCH) ** 2, generator=generator)
    return found


@torch.no_grad()
def export(model, feeds, outputs, path, exporter, opset):
    arguments = dict(input_names=list(feeds), output_names=outputs, opset_version=opset)
    if exporter == "script":
        axes = {name: {0: "batch"} for name in [*feeds, *outputs]}
        torch.onnx.export(model, tuple(feeds.values()), path, dynamo=False, dynamic_axes=axes, **arguments)
    else:
        shapes = tuple({0: torch.export.Dim("batch")} for _ in feeds)
        torch.onnx.export(
            model, tuple(feeds.values()), path, dynamo=True, dynamic_shapes=shapes, external_data=False, verbose=False,
            **arguments)
    drop_notes(path)


def drop_notes(path):
    """Stack traces, which are most of a small file, go."""
    model = onnx.load(path)
    for node in [*model.graph.node, *model.graph.value_info, *model.graph.input, *model.graph.output]:
        node.doc_string = ""
        del node.metadata_props[:]
    onnx.save(model, path)


def main():
    o = options()
    torch.set_num_threads(o.threads)
    warnings.filterwarnings("ignore")
    o.out.mkdir(parents=True, exist_ok=True)
    for number, (name, foreign) in enumerate(MODELS.items()):
        exports = list(variants())
        if o.sample:
            exports = [exports[(o.seed + number) % len(exports)]]
        for attention, exporter, opset in exports:
            file = f"{name}-{attention}-{exporter}-{opset}"
            if o.only not in file or (o.fixtures and file not in FIXTURES):
                continue
            generator = torch.Generator().manual_seed(o.seed * 2**32 + zlib.crc32(name.encode()))
            model = foreign.build(attention).eval()
            randomise(model, generator)
            feeds = inputs(foreign, generator)
            path = o.out / f"{file}.onnx"
            export(model, feeds, foreign.outputs, str(path), exporter, opset)
            session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
            feeds = {name: x.numpy() for name, x in feeds.items()}
            found = dict(zip(foreign.outputs, session.run(foreign.outputs, feeds)))
            np.concatenate([x.astype("<f4").reshape(-1) for x in [*feeds.values(), *found.values()]]).tofile(
                o.out / f"{file}.f32")
            described = {
                "name": file,
                "attentions": foreign.attentions,
                "mlps": foreign.mlps,
                "inputs": [{"name": name, "shape": list(x.shape)} for name, x in feeds.items()],
                "outputs": [{"name": name, "shape": list(x.shape)} for name, x in found.items()],
                "seed": o.seed,
                "versions": {p: version(p) for p in ("torch", "transformers", "timm", "onnxscript", "onnxruntime")},
            }
            (o.out / f"{file}.json").write_text(json.dumps(described, indent=2) + "\n")
            print(file, len(onnx.load(path).graph.node), "nodes,", path.stat().st_size, "bytes", flush=True)


if __name__ == "__main__":
    main()
