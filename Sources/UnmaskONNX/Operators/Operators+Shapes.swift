internal import UnmaskGraph

extension OperatorRegistry {
    /// Shapes as numbers, constants, and what does nothing at inference.
    static let shapes: Table = [
        "Shape": OperatorReader(1...1) { node throws(NodeProblem) in
            // The greatest number there is stands for the end, too.
            let end = try node.optionalInt("end", in: Int.min...Int.max)
            let start = try node.int("start", default: 0)
            try node.emit(.shape(start: start, end: end.map { Int(Int32(clamping: $0)) }))
        },
        "Size": OperatorReader(1...1, .size),
        "Range": OperatorReader(3...3, .range),
        "ConstantOfShape": OperatorReader(1...1) { node throws(NodeProblem) in
            let value = try node.tensor("value") ?? Tensor([0], shape: [1])
            guard value.count == 1 else {
                throw .invalid("attribute value has \(value.count) elements; it must be one")
            }
            try node.emit(.constantOfShape(value.type, bytes: value.withBytes { Array($0) }))
        },
        "Constant": OperatorReader(0...0) { node throws(NodeProblem) in
            node.finish(node.importer.graph.addConstant(node.resultNames[0], try node.constantValue()))
        },
        "Identity": OperatorReader(1...1) { node throws(NodeProblem) in node.finish(try node.operand(0)) },
        "Dropout": OperatorReader(1...3, outputs: 1...2) { node throws(NodeProblem) in
            node.ignore("ratio", "seed")
            if node.has(2), node.importer.graph.integers[try node.operand(2)]?.elements != [0] {
                throw .unsupported("training")
            }
            let x = try node.operand(0)
            guard node.resultNames.count == 2 else { return node.finish(x) }
            // Nothing is dropped: the mask is true everywhere.
            let shape = try node.add(.shape(start: 0, end: nil), x)
            node.finish(x, try node.add(.constantOfShape(.bool, bytes: [1]), shape))
        },
    ]
}

extension NodeImport {
    /// An attribute that is a tensor; nil where the node does not have it.
    fileprivate func tensor(_ attribute: String) throws(NodeProblem) -> Tensor? {
        guard let proto = try self.attribute(attribute, .tensor)?.t else { return nil }
        do throws(ONNXError) {
            return try importer.tensor(proto, named: name)
        } catch {
            throw .failed(error)
        }
    }

    /// The value of a `Constant`, in whichever of its attributes it stands.
    fileprivate func constantValue() throws(NodeProblem) -> Tensor {
        guard proto.attribute.count == 1 else { throw .invalid("it must have one attribute, the value") }
        let numbers: Tensor?
        switch proto.attribute[0].name {
        case "value": numbers = try tensor("value")
        case "value_float":
            numbers = try attribute("value_float", .float).map { Tensor([$0.f], shape: []) }
        case "value_floats":
            numbers = try attribute("value_floats", .floats).map { Tensor($0.floats, shape: [$0.floats.count]) }
        case "value_int": numbers = try attribute("value_int", .int).flatMap { Tensor([$0.i], shape: []) }
        case "value_ints":
            numbers = try attribute("value_ints", .ints).flatMap { Tensor($0.ints, shape: [$0.ints.count]) }
        case let other: throw .unsupported("a constant given by \(quoted(other))")
        }
        guard let numbers else { throw .invalid("it has no value") }
        return numbers
    }
}

extension Tensor {
    /// An owned tensor of 64-bit integers; nil where they do not fill the shape.
    init?(_ values: [Int64], shape: [Int]) {
        self.init(shape: shape, type: .i64, contents: .owned(values.withUnsafeBytes { Array($0) }))
    }
}
