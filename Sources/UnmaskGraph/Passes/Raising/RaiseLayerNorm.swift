/// Layer normalisation over the last axis, as an operator or in primitives:
///
///     d = x - mean(x)    v = mean(d²)    y = d / sqrt(v + ε) · weight + bias
///
/// with d² as `Pow(d, 2)` or `Mul(d, d)`, division by the root or multiplication by its reciprocal, the root as `Sqrt`
/// or a power, sums and products in either order, weight and bias present or not. An epsilon in any other place is not
/// this formula.
public struct RaiseLayerNorm: Pass {
    public let name = "raise-layer-norm"
    public init() {}

    /// Wider rows are no model's, and weights of ones are made for rows without any.
    private static let mostWidth = 1 << 20

    public func run(_ graph: inout Graph) -> Int {
        graph.rewrite { editor, node in
            guard case .primitive(let primitive) = node.op else { return nil }
            switch primitive {
            case .layerNormalization(let axis, let epsilon): return oneOperator(&editor, node, axis, epsilon)
            case .binary(.divide): return quotient(&editor, node)
            case .binary(.multiply): return product(&editor, node) ?? weight(&editor, node)
            case .binary(.add): return bias(&editor, node)
            default: return nil
            }
        }
    }

    private func oneOperator(
        _ editor: inout GraphEditor, _ node: Node, _ axis: Int, _ epsilon: Float
    ) -> Replacement? {
        guard let x = node.inputs[0], node.outputs.count == 1, axis == -1 || axis == editor.shape(x).rank - 1,
            let width = editor.shape(x).width, editor.row(node.inputs[1], width: width) != nil
        else { return nil }
        let bias = node.inputs.count > 2 ? node.inputs[2] : nil
        guard bias == nil || editor.row(bias, width: width) != nil else { return nil }
        return norm(&editor, node, x, weight: node.inputs[1], bias: bias, epsilon)
    }

    /// d / sqrt(v + ε).
    private func quotient(_ editor: inout GraphEditor, _ node: Node) -> Replacement? {
        guard let (d, root) = editor.operands(of: node, .divide), let shifted = squareRoot(editor, root) else {
            return nil
        }
        return normalised(&editor, node, d, shifted)
    }

    /// d · (1 / sqrt(v + ε)).
    private func product(_ editor: inout GraphEditor, _ node: Node) -> Replacement? {
        guard let (a, b) = editor.operands(of: node, .multiply) else { return nil }
        for (d, factor) in [(a, b), (b, a)] {
            let shifted =
                editor.operand(of: factor, .reciprocal).flatMap { squareRoot(editor, $0) }
                ?? editor.operands(of: factor, .divide).flatMap { one, root in
                    editor.uniform(one) == 1 ? squareRoot(editor, root) : nil
                } ?? power(editor, factor, -0.5)
            if let shifted, let result = normalised(&editor, node, d, shifted) { return result }
        }
        return nil
    }

    /// y · weight on a normalisation without one.
    private func weight(_ editor: inout GraphEditor, _ node: Node) -> Replacement? {
        guard let (a, b) = editor.operands(of: node, .multiply) else { return nil }
        for (y, row) in [(a, b), (b, a)] {
            guard let inner = editor.definition(y), case .layerNorm(let epsilon) = inner.op,
                editor.row(row, width: editor.shape(y).width) != nil, editor.uniform(inner.inputs[1]) == 1,
                editor.uniform(inner.inputs[2]) == 0, let x = inner.inputs[0]
            else { continue }
            return norm(&editor, node, x, weight: row, bias: nil, epsilon)
        }
        return nil
    }

    /// y + bias on a normalisation without one.
    private func bias(_ editor: inout GraphEditor, _ node: Node) -> Replacement? {
        guard let (a, b) = editor.operands(of: node, .add) else { return nil }
        for (y, row) in [(a, b), (b, a)] {
            guard let inner = editor.definition(y), case .layerNorm(let epsilon) = inner.op,
                editor.row(row, width: editor.shape(y).width) != nil, editor.uniform(inner.inputs[2]) == 0,
                let x = inner.inputs[0]
            else { continue }
            return norm(&editor, node, x, weight: inner.inputs[1], bias: row, epsilon)
        }
        return nil
    }

    /// d and v + ε belong to one another, and to an x.
    private func normalised(
        _ editor: inout GraphEditor, _ node: Node, _ d: ValueID, _ shifted: ValueID
    ) -> Replacement? {
        guard let (variance, epsilon) = editor.operands(of: shifted, .add, withNumber: ()), epsilon > 0,
            let squares = mean(editor, variance), isSquare(editor, squares, of: d),
            let (x, average) = editor.operands(of: d, .subtract), mean(editor, average) == x,
            editor.shape(x) == editor.shape(node.output)
        else { return nil }
        return norm(&editor, node, x, weight: nil, bias: nil, epsilon)
    }

    /// What a value is the mean of, over the last axis, which it keeps.
    private func mean(_ editor: GraphEditor, _ id: ValueID) -> ValueID? {
        guard let (op, node) = editor.primitive(id), case .reduce(.mean, keepAxes: true, _) = op,
            let x = node.inputs[0],
            editor.axis(ofReduction: node, rank: editor.shape(x).rank) == editor.shape(x).rank - 1
        else { return nil }
        return x
    }

    private func isSquare(_ editor: GraphEditor, _ id: ValueID, of d: ValueID) -> Bool {
        if let (a, b) = editor.operands(of: id, .multiply) { return a == d && b == d }
        return power(editor, id, 2) == d
    }

    private func squareRoot(_ editor: GraphEditor, _ id: ValueID) -> ValueID? {
        editor.operand(of: id, .squareRoot) ?? power(editor, id, 0.5)
    }

    /// What a value is this power of.
    private func power(_ editor: GraphEditor, _ id: ValueID, _ exponent: Float) -> ValueID? {
        guard let (x, power) = editor.operands(of: id, .power), editor.uniform(power) == exponent else { return nil }
        return x
    }

    private func norm(
        _ editor: inout GraphEditor, _ node: Node, _ x: ValueID, weight: ValueID?, bias: ValueID?, _ epsilon: Float
    ) -> Replacement? {
        guard let width = editor.shape(x).width, width <= RaiseLayerNorm.mostWidth else { return nil }
        func operand(_ id: ValueID?, _ name: String, otherwise number: Float) -> ValueID {
            if let id, editor.shape(id).rank == 1 { return id }
            let row = editor.row(id, width: width) ?? Tensor(Array(repeating: number, count: width), shape: [width])
            return editor.addConstant(id.map { editor.graph[$0].name } ?? node.name + name, row)
        }
        let operands = [x, operand(weight, ".weight", otherwise: 1), operand(bias, ".bias", otherwise: 0)]
        return .nodes([
            Node(name: node.name, op: .layerNorm(epsilon: epsilon), inputs: operands, outputs: node.outputs)
        ])
    }
}
