/// The script beside a file for Core ML. coremltools reads PyTorch's traces, not ONNX: the script runs the file's operators in
/// PyTorch, traces that, and converts the trace.
enum CoreMLScript {
    static let ending = ".coreml.py"

    /// - Parameter model: the file's name; it stands beside the script.
    static func text(model: String) -> String {
        #"""
        """Converts the ONNX file beside it for Core ML: python THIS.py writes .mlpackage; python THIS.py --check compares
        PyTorch's answer with onnxruntime's. Needs numpy, onnx, torch, and coremltools or onnxruntime."""
        import sys
        from pathlib import Path

        import numpy
        import onnx
        import torch
        from torch.nn import functional as F

        path = Path(__file__).with_name("MODEL")


        class Model(torch.nn.Module):
            """The file's nodes one after the other. Operands that say sizes and axes are constants of the file."""

            def __init__(self, graph):
                super().__init__()
                self.nodes, self.ends = graph.node, [o.name for o in graph.output]
                self.starts = [i.name for i in graph.input]
                self.numbers = {i.name: onnx.numpy_helper.to_array(i).copy() for i in graph.initializer}

            def forward(self, *inputs):
                values = {name: torch.from_numpy(array) for name, array in self.numbers.items()}
                values |= zip(self.starts, inputs)
                for node in self.nodes:
                    a = {x.name: onnx.helper.get_attribute_value(x) for x in node.attribute}
                    v = [values.get(name) for name in node.input]
                    n = [self.numbers[name].tolist() if name in self.numbers else None for name in node.input]
                    results = OPERATORS[node.op_type](a, v, n)
                    values |= zip(node.output, results if isinstance(results, (tuple, list)) else [results])
                return tuple(values[name] for name in self.ends)


        def reshape(a, v, n):
            return v[0].reshape([int(v[0].shape[i]) if size == 0 else size for i, size in enumerate(n[1])])


        def cut(a, v, n):
            x = v[0]
            for start, end, axis in zip(n[1], n[2], n[3]):
                x = x.narrow(axis, start, min(end, int(x.shape[axis])) - start)
            return x


        def norm(a, v, n):
            return F.layer_norm(v[0], [int(v[0].shape[-1])], v[1], v[2] if len(v) > 2 else None, a["epsilon"])


        def mean(a, v, n):
            return v[0].mean(a.get("axes") or n[1], keepdim=bool(a.get("keepdims", 1)))


        def squeeze(a, v, n):
            for axis in sorted(n[1]):
                v[0] = v[0].unsqueeze(axis)
            return v[0]


        TYPES = {1: torch.float32, 6: torch.int32, 7: torch.int64, 9: torch.bool}
        OPERATORS = {
            "Add": lambda a, v, n: v[0] + v[1], "Sub": lambda a, v, n: v[0] - v[1], "Mul": lambda a, v, n: v[0] * v[1],
            "Div": lambda a, v, n: v[0] / v[1], "Pow": lambda a, v, n: v[0] ** v[1], "Sqrt": lambda a, v, n: v[0].sqrt(),
            "MatMul": lambda a, v, n: v[0] @ v[1], "Less": lambda a, v, n: v[0] < v[1], "Not": lambda a, v, n: ~v[0],
            "Erf": lambda a, v, n: v[0].erf(), "Tanh": lambda a, v, n: v[0].tanh(), "Sigmoid": lambda a, v, n: v[0].sigmoid(),
            "Floor": lambda a, v, n: v[0].floor(), "Identity": lambda a, v, n: v[0], "Reshape": reshape, "Slice": cut,
            "Clip": lambda a, v, n: v[0].clamp(n[1], n[2]), "Cast": lambda a, v, n: v[0].to(TYPES[a["to"]]),
            "Transpose": lambda a, v, n: v[0].permute(a["perm"]), "Concat": lambda a, v, n: torch.cat(v, a["axis"]),
            "Softmax": lambda a, v, n: v[0].softmax(a["axis"]), "Split": lambda a, v, n: v[0].split(n[1], a["axis"]),
            "Tile": lambda a, v, n: v[0].repeat(n[1]), "Unsqueeze": squeeze, "LayerNormalization": norm, "ReduceMean": mean,
            "Gather": lambda a, v, n: v[0].select(a["axis"], n[1]) if isinstance(n[1], int)
            else v[0].index_select(a["axis"], torch.tensor(n[1])),
            "GatherElements": lambda a, v, n: v[0].gather(a["axis"], v[1].long()),
            "Gelu": lambda a, v, n: F.gelu(v[0], approximate=a.get("approximate", b"none").decode()),
            "Conv": lambda a, v, n: F.conv2d(v[0], v[1], v[2] if len(v) > 2 else None, a["strides"]),
        }

        file = onnx.load(path)
        missing = {node.op_type for node in file.graph.node} - set(OPERATORS)
        if missing:
            sys.exit(f"{path.name} has operators that this script does not: {sorted(missing)}")
        model = Model(file.graph).eval()
        kinds = {1: numpy.float32, 2: numpy.uint8, 6: numpy.int32}
        random, examples = numpy.random.default_rng(0), []
        for value in file.graph.input:
            tensor = value.type.tensor_type
            shape, kind = [d.dim_value for d in tensor.shape.dim], kinds[tensor.elem_type]
            picture = random.standard_normal(shape) if kind == numpy.float32 else random.integers(0, 256, shape)
            # Identifiers of patches: an order of their own numbers.
            numbers = numpy.arange(shape[-1])[None].repeat(shape[0], 0)
            examples.append((numbers if kind == numpy.int32 else picture).astype(kind))
        tensors = [torch.from_numpy(array) for array in examples]
        with torch.no_grad():
            if "--check" in sys.argv:
                import onnxruntime

                session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
                wanted = session.run(None, dict(zip(model.starts, examples)))
                worst = max(float(abs(a - b.numpy()).max()) / abs(a).max() for a, b in zip(wanted, model(*tensors)))
                print(f"largest difference: {worst:.1e} of the largest number")
                sys.exit(int(worst > 1e-4))
            trace = torch.jit.trace(model, tensors, check_trace=False)
        import coremltools

        inputs = [coremltools.TensorType(name, array.shape, dtype=array.dtype) for name, array in zip(model.starts, examples)]
        converted = coremltools.convert(
            trace, inputs=inputs, outputs=[coremltools.TensorType(name) for name in model.ends], convert_to="mlprogram",
            compute_precision=coremltools.precision.FLOAT32)
        converted.save(str(path.with_suffix(".mlpackage")))

        """#.replacing("MODEL", with: model)
    }
}
