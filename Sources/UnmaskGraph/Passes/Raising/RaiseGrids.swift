/// `DequantizeLinear` of `QuantizeLinear` with one scale and zero point becomes `roundToGrid`, which an int8 product takes in
/// (`AbsorbGrids`) and which else costs little. Values that are quantised once are rounded once, however many read them;
/// movement of quantised numbers is moved behind it; and rounding to a grid that a value is on already goes.
public struct RaiseGrids: Pass {
    public let name = "raise-grids"
    public init() {}

    /// No chain of movements in models is longer.
    private static let mostSteps = 8

    public func run(_ graph: inout Graph) -> Int {
        var count = 0
        for _ in 0..<RaiseGrids.mostSteps {
            let moved = graph.rewrite { editor, node in behindMovement(&editor, node) }
            count += moved
            if moved == 0 { break }
        }
        var rounded: [ValueID: ValueID] = [:]
        count += graph.rewrite { editor, node in pair(&editor, node, &rounded) }
        count += graph.rewrite { editor, node in repeated(editor, node) }
        return count
    }

    /// dequantize(move(x)) = move(dequantize(x)).
    private func behindMovement(_ editor: inout GraphEditor, _ node: Node) -> Replacement? {
        guard case .primitive(.dequantize) = node.op, let bytes = node.inputs[0],
            var movement = editor.definition(bytes),
            movement.op.movesWhole, movement.outputs.count == 1, let x = movement.inputs[0],
            editor.definition(x) != nil, let parameters = StatedScales(editor, node), parameters.isSingle
        else { return nil }
        var inner = node
        inner.inputs[0] = x
        inner.outputs = [editor.addValue(node.name + "/before", editor.shape(x))]
        movement.name = node.name + "/moved"
        movement.inputs[0] = inner.output
        movement.outputs = node.outputs
        return .nodes([inner, movement])
    }

    private func pair(
        _ editor: inout GraphEditor, _ node: Node, _ rounded: inout [ValueID: ValueID]
    ) -> Replacement? {
        guard case .primitive(.dequantize) = node.op, let bytes = node.inputs[0],
            let quantise = editor.definition(bytes), case .primitive(.quantize) = quantise.op,
            let x = quantise.inputs[0], editor.graph[x].type == .f32,
            let grid = grid(editor, node, of: bytes), grid == self.grid(editor, quantise, of: bytes)
        else { return nil }
        if let known = rounded[bytes] { return .value(known) }
        rounded[bytes] = node.output
        return .nodes([Node(name: node.name, op: .roundToGrid(grid), inputs: [x], outputs: node.outputs)])
    }

    private func repeated(_ editor: GraphEditor, _ node: Node) -> Replacement? {
        guard case .roundToGrid(let grid) = node.op, let x = node.inputs[0] else { return nil }
        var id = x
        for _ in 0..<RaiseGrids.mostSteps {
            guard let before = editor.definition(id) else { return nil }
            if before.op == .roundToGrid(grid) { return .value(x) }
            guard before.op.movesWhole, let source = before.inputs[0] else { return nil }
            id = source
        }
        return nil
    }

    private func grid(_ editor: GraphEditor, _ node: Node, of bytes: ValueID) -> NumberGrid? {
        guard let parameters = StatedScales(editor, node), parameters.isSingle else { return nil }
        return NumberGrid(
            scale: parameters.scales[0], zeroPoint: parameters.zeros.first ?? 0, type: editor.graph[bytes].type)
    }
}
