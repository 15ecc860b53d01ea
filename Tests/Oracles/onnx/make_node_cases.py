"""Writes node cases of ONNX's own test suite that are newer than Debian's (opset 18 and on), for the operators below.

    python Tests/Oracles/onnx/make_node_cases.py --out Tests/UnmaskONNXTests/Fixtures/node

NAME.onnx is the case's model; NAME.tensors a GraphProto whose initializers are its inputs and expected outputs, under
the names that they have in the model. The numbers are those of onnx's reference code, seeded by it. Versions:
Tests/Oracles/requirements.txt. Left out are cases of more than 12 KB, Attention with past keys or results
besides the first, and the bodies of functions written out, but for Attention's, which is how other exporters say it.
"""

import argparse
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.backend.test.case.node import collect_testcases

OPERATORS = {
    "Attention", "AveragePool", "CastLike", "Clip", "ConvInteger", "DequantizeLinear", "Einsum", "Gelu", "GroupNormalization",
    "LayerNormalization", "Mish", "Pad", "QLinearConv", "QLinearMatMul", "QuantizeLinear", "RMSNormalization", "ReduceL2", "ReduceMax", "ReduceMean",
    "ReduceSum", "Resize", "ScatterElements", "ScatterND", "Split",
}
OPSETS = range(18, 26)
LARGEST = 12_000


def opset(model):
    return max((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), default=0)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--out", type=Path, required=True)
    out = p.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    for old in [*out.glob("*.onnx"), *out.glob("*.tensors")]:
        old.unlink()
    written = 0
    for case in collect_testcases(None):
        if opset(case.model) not in OPSETS:
            continue
        operators = {node.op_type for node in case.model.graph.node}
        expanded = "_expanded" in case.name
        if expanded and not case.name.startswith("test_attention_4d_scaled") or not expanded and not operators & OPERATORS:
            continue
        inputs, outputs = case.data_sets[0]
        if "Attention" in operators and (opset(case.model) > 23 or len(case.model.graph.output) > 1):
            continue
        if "past" in case.name:
            continue
        values = [*zip(case.model.graph.input, inputs), *zip(case.model.graph.output, outputs)]
        if not all(isinstance(array, (np.ndarray, np.generic)) for _, array in values):
            continue
        tensors = onnx.GraphProto()
        for info, array in values:
            tensors.initializer.append(numpy_helper.from_array(np.asarray(array), info.name))
        model, data = case.model.SerializeToString(), tensors.SerializeToString()
        if len(model) + len(data) > LARGEST:
            continue
        (out / f"{case.name}.onnx").write_bytes(model)
        (out / f"{case.name}.tensors").write_bytes(data)
        written += 1
    print(f"{written} cases of onnx {onnx.__version__}")


if __name__ == "__main__":
    main()
