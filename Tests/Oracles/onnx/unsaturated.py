"""Whole sums of integers from onnxruntime on every processor.

Where a processor has AVX2 or AVX-512 and no VNNI, onnxruntime multiplies unsigned numbers by signed ones with an
instruction that adds two products in 16 bits, and cuts off what does not fit. Of unsigned numbers by unsigned ones it adds
all: https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html, "When and why do I need to try U8U8?".
Its own rewriting of one to the other (session.x64quantprecision) knows neither all operators nor weights that two share.
"""

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

# Where each operator takes weights, their zero points, and those of the numbers that they multiply: without these,
# the numbers are unsigned.
INPUTS = {
    "QLinearMatMul": (3, 5, 2), "QLinearConv": (3, 5, 2), "QGemm": (3, 5, 2), "MatMulInteger": (1, 3, 2),
    "ConvInteger": (1, 3, 2), "DynamicQuantizeMatMul": (1, 3, None), "MatMulIntegerToFloat": (1, 5, 4), "QAttention": (1, 7, 6),
}


def unsaturated(model):
    """The same function with weights and their zero points 128 higher, as unsigned numbers."""
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    graph = changed.graph
    constants = {tensor.name: tensor for tensor in graph.initializer}

    def is_signed(name):
        return name in constants and constants[name].data_type == TensorProto.INT8

    def added(name, array):
        if name not in constants:
            graph.initializer.append(numpy_helper.from_array(array, name))
            constants[name] = graph.initializer[-1]
        return name

    def lifted(name):
        array = numpy_helper.to_array(constants[name]).astype(np.int16) + 128
        return added(f"{name}_lifted", array.astype(np.uint8))

    for node in graph.node:
        weights, zero, others = INPUTS.get(node.op_type, (None, None, None))
        if weights is None or not is_signed(node.input[weights]):
            continue
        if others is not None and others < len(node.input) and is_signed(node.input[others]):
            continue
        node.input.extend([""] * (zero + 1 - len(node.input)))
        if not node.input[zero]:
            node.input[zero] = added(f"{node.input[weights]}_zero", np.zeros((), np.int8))
        node.input[weights], node.input[zero] = lifted(node.input[weights]), lifted(node.input[zero])
    return changed
