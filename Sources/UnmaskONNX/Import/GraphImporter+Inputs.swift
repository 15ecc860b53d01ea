internal import UnmaskGraph

/// The inputs of a model: their types, and sizes for the dimensions that the file leaves open.
extension GraphImporter {
    /// Defines the inputs that are needed. One that has an initializer keeps it as its value.
    func defineInputs(of body: GraphProto, needed: Set<String>, scope: Scope) throws(ONNXError) {
        var names: Set<String> = []
        for input in body.input {
            guard names.insert(input.name).inserted else {
                throw failure(.graphInvalid, "two inputs are named \(quoted(input.name))")
            }
            guard needed.contains(input.name), scope[input.name] == nil else { continue }
            if let constant = options.constants[input.name] {
                try define(input.name, .value(graph.addConstant(input.name, constant)), in: scope)
                continue
            }
            let type = try elementType(of: input)
            let shape = try shape(of: input, type)
            try define(input.name, .value(graph.addInput(input.name, shape, type.atRunTime)), in: scope)
        }
    }

    private func elementType(of input: ValueInfoProto) throws(ONNXError) -> ElementType {
        guard case .tensorType(let tensor) = input.type.value else {
            throw failure(.tensorTypeUnsupported, "input \(quoted(input.name)) is no tensor")
        }
        guard let type = ElementType(onnx: tensor.elemType) else {
            throw failure(
                .tensorTypeUnsupported,
                "input \(quoted(input.name)) is of type \(ElementType.onnxName(tensor.elemType)), which is not supported"
            )
        }
        return type
    }

    private func shape(of input: ValueInfoProto, _ type: ElementType) throws(ONNXError) -> Shape {
        guard input.type.tensorType.hasShape else {
            throw failure(.dimensionUnbound, "input \(quoted(input.name)) has no shape")
        }
        let dimensions = input.type.tensorType.shape.dim
        let axes = ImageAxes(dimensions, type)
        var shape: [Dimension] = []
        for (axis, dimension) in dimensions.enumerated() {
            if case .dimValue(let size) = dimension.value, size != -1 {
                guard let size = Int32(exactly: size), size >= 0 else {
                    throw failure(.graphInvalid, "input \(quoted(input.name)) has dimension \(size)")
                }
                shape.append(.fixed(Int(size)))
            } else {
                shape.append(try open(dimension.dimParam, "\(input.name).\(axis)", axis: axis, axes))
            }
        }
        guard Shape(shape).isCountable(type) else {
            throw failure(.graphInvalid, "input \(quoted(input.name)) has shape \(Shape(shape)), which is too large")
        }
        return Shape(shape)
    }

    /// What stands for a dimension without a size: the number that the options give it, the batch, or a symbol.
    /// - Parameter place: what it is called besides its name in the file.
    private func open(
        _ name: String, _ place: String, axis: Int, _ image: ImageAxes?
    ) throws(ONNXError) -> Dimension {
        let label = name.isEmpty ? place : name
        if let given = options.dimensions[place] ?? options.dimensions[label] {
            guard Int32(exactly: given).map({ $0 >= 0 }) == true else {
                throw failure(.dimensionUnbound, "dimension \(quoted(label)) is given \(given)")
            }
            return .fixed(given)
        }
        if axis == 0 { return .symbol(ONNXModel.batchSymbol) }
        guard let image else { return .symbol(label) }
        if axis == image.channels { return .fixed(options.channels) }
        guard let size = options.imageSize else {
            throw failure(
                .dimensionUnbound,
                "dimension \(axis) of the input, \(quoted(label)), has no size; give the image size, or a number by "
                    + "that name")
        }
        return .fixed(axis == image.height ? size.height : size.width)
    }
}

/// Which axes of an input are those of images; the first is the batch.
private struct ImageAxes {
    let channels: Int
    let height: Int

    /// Nil for inputs that cannot be images. Channels come last where they alone, of those two places, are stated.
    init?(_ dimensions: [TensorShapeProto.Dimension], _ type: ElementType) {
        guard dimensions.count == 4, type.isFloatingPoint || type == .u8 else { return nil }
        let isLast = dimensions[1].dimValue <= 0 && (1...4).contains(dimensions[3].dimValue)
        (channels, height) = isLast ? (3, 1) : (1, 2)
    }
}
