/// Linear layers of one value that give queries, keys and values: together one `qkv` layer.
struct JointProjection {
    private let x: ValueID
    private let weights: [Tensor]
    /// Nil where no layer has one; a part without gets zeros where another has one.
    private let bias: [Float]?
    private let shape: Shape

    /// Nil where the operands are not the whole results of plain linear layers over one value.
    init?(_ editor: GraphEditor, _ operands: [AttentionOperand], width: Int) {
        let layers = operands.compactMap { operand -> Node? in
            guard let node = editor.definition(operand.value), node.op == .linear(LinearFusion()), operand.column == 0,
                node.inputs[LinearOperand.residual] == nil, editor.shape(operand.value).rank == 3,
                editor.shape(operand.value).width == width
            else { return nil }
            return node
        }
        guard layers.count == operands.count, let first = layers.first, let x = first.inputs[LinearOperand.x],
            layers.allSatisfy({ $0.inputs[LinearOperand.x] == x })
        else { return nil }
        weights = layers.compactMap { $0.inputs[LinearOperand.weight].flatMap { editor.graph.constants[$0] } }
        guard weights.count == layers.count, Set(weights.map(\.type)).count == 1, Set(weights.map(\.shape)).count == 1,
            let rows = weights.first?.shape.first
        else { return nil }
        var joined: [Float] = []
        for layer in layers {
            let row = editor.graph.optionalRow(layer, LinearOperand.bias, count: rows)
            guard let numbers = row.numbers(count: rows, neutral: 0) else { return nil }
            joined += numbers
        }
        bias = layers.allSatisfy { $0.inputs[LinearOperand.bias] == nil } ? nil : joined
        self.x = x
        shape = editor.shape(x).with(width: layers.count * width)
    }

    /// The one layer.
    func linear(_ editor: inout GraphEditor, named name: String) -> Node {
        var operands: [ValueID?] = Array(repeating: nil, count: LinearOperand.count)
        operands[LinearOperand.x] = x
        operands[LinearOperand.weight] = Tensor.stacked(weights).map { editor.addConstant(name + ".weight", $0) }
        operands[LinearOperand.bias] = bias.map { editor.addConstant(name + ".bias", Tensor($0, shape: [$0.count])) }
        return Node(
            name: name, op: .linear(LinearFusion()), inputs: operands, outputs: [editor.addValue(name, shape)])
    }
}
