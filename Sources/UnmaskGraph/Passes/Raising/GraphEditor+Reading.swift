/// Reading chains of primitives.
extension GraphEditor {
    func primitive(_ id: ValueID?) -> (op: Primitive, node: Node)? {
        guard let node = definition(id), case .primitive(let primitive) = node.op else { return nil }
        return (primitive, node)
    }

    /// The operand of a value that this function computes.
    func operand(of id: ValueID?, _ function: UnaryFunction) -> ValueID? {
        guard let (op, node) = primitive(id), op == .unary(function) else { return nil }
        return node.inputs[0]
    }

    /// A node's operands, where this function is what it computes.
    func operands(of node: Node, _ function: BinaryFunction) -> (a: ValueID, b: ValueID)? {
        guard case .primitive(.binary(function)) = node.op, node.inputs.count == 2, let a = node.inputs[0],
            let b = node.inputs[1]
        else { return nil }
        return (a, b)
    }

    /// The operands of a value that this function computes.
    func operands(of id: ValueID?, _ function: BinaryFunction) -> (a: ValueID, b: ValueID)? {
        definition(id).flatMap { operands(of: $0, function) }
    }

    /// A commutative function of a value and one number, in either order.
    func operands(of id: ValueID?, _ function: BinaryFunction, withNumber: Void) -> (x: ValueID, number: Float)? {
        guard let (a, b) = operands(of: id, function) else { return nil }
        if let number = uniform(b) { return (a, number) }
        if let number = uniform(a) { return (b, number) }
        return nil
    }

    /// The number that all elements of a value are, where that is known.
    /// - Parameter steps: how many nodes are followed at most.
    func uniform(_ id: ValueID?, steps: Int = 8) -> Float? {
        guard let id, steps > 0 else { return nil }
        if let tensor = graph.constants[id] { return tensor.uniform }
        if let numbers = graph.floats[id]?.elements {
            return numbers.allSatisfy { $0 == numbers.first } ? numbers.first : nil
        }
        guard let (op, node) = primitive(id) else { return nil }
        switch op {
        case .expand, .reshape, .flatten, .squeeze, .unsqueeze, .tile, .transpose, .identity, .cast(.f32), .cast(.bool):
            return uniform(node.inputs[0], steps: steps - 1)
        case .select:
            guard node.inputs.count == 3, let condition = uniform(node.inputs[0], steps: steps - 1) else { return nil }
            return uniform(node.inputs[condition == 0 ? 2 : 1], steps: steps - 1)
        default:
            return nil
        }
    }

    /// How far the number of `uniform` may be from what the exporter meant.
    func tolerance(_ id: ValueID?, steps: Int = 8) -> Float {
        guard let id, steps > 0 else { return FormulaTolerance.float16 }
        if let tensor = graph.constants[id] { return tensor.type.formulaTolerance }
        return definition(id)?.inputs.map { tolerance($0, steps: steps - 1) }.max() ?? FormulaTolerance.float16
    }

    /// A float32-valued constant that is one row of `width` numbers, however many axes of size 1 stand before it.
    func row(_ id: ValueID?, width: Int?) -> Tensor? {
        guard let id, let width, let tensor = graph.constants[id], tensor.type.isFloatingPoint, tensor.count == width,
            tensor.shape.last == width
        else { return nil }
        return tensor.shape.count == 1 ? tensor : tensor.reshaped([width])
    }

    /// The axes of a reduction over the last axis alone, or over another, counted from the front.
    func axis(ofReduction node: Node, rank: Int) -> Int? {
        guard node.inputs.count > 1, let id = node.inputs[1], let axes = graph.integers[id]?.bound(by: [:]),
            axes.count == 1, axes[0] >= -rank, axes[0] < rank
        else { return nil }
        return axes[0] < 0 ? axes[0] + rank : axes[0]
    }
}

extension Tensor {
    /// More numbers than any mask of an image model has are weights, which are not worth reading for this.
    private static let mostUniform = 1 << 22

    /// The number that all elements are.
    fileprivate var uniform: Float? {
        guard count > 0, count <= Tensor.mostUniform else { return nil }
        let isUniform = withBytes { bytes in
            bytes.dropFirst(type.byteCount).elementsEqual(bytes.dropLast(type.byteCount))
        }
        guard isUniform,
            let first = Tensor(shape: [1], type: type, contents: .owned(withBytes { Array($0.prefix(type.byteCount)) }))
        else { return nil }
        if type.isFloatingPoint { return first.widened().first }
        return first.integers?.elements.first?.number.map { Float($0) }
    }
}

/// Whether two constants of a formula are the same number.
func isClose(_ a: Float, _ b: Float, within tolerance: Float = FormulaTolerance.float16) -> Bool {
    abs(a - b) <= tolerance * max(abs(a), abs(b))
}

/// How far a formula's constant may be from the formula's number, as a share of it: what its storage rounds away.
enum FormulaTolerance {
    static let float16: Float = 5e-4
    /// 8 bits.
    static let bfloat16: Float = 0x1p-8
}

extension ElementType {
    var formulaTolerance: Float { self == .bf16 ? FormulaTolerance.bfloat16 : FormulaTolerance.float16 }
}
