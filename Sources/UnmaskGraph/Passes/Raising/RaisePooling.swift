/// One token, the tokens after the first, and their mean, from tokens [B, T, D]: `selectToken` and `dropTokens` by
/// Gather, Slice or Split with whatever squeezes the axis; `meanTokens` by a mean over the axis, of all or of what
/// `dropTokens` leaves.
public struct RaisePooling: Pass {
    public let name = "raise-pooling"
    public init() {}

    public func run(_ graph: inout Graph) -> Int {
        graph.rewrite { editor, node in
            guard case .primitive(let primitive) = node.op, node.outputs.count == 1 else { return nil }
            if case .reduce(.mean, let keepsAxes, _) = primitive { return mean(&editor, node, keepsAxes: keepsAxes) }
            return tokens(&editor, node)
        }
    }

    private func tokens(_ editor: inout GraphEditor, _ node: Node) -> Replacement? {
        let layout = editor.layout(of: node.output)
        let (x, shape) = (layout.base, editor.shape(node.output))
        let source = editor.shape(x)
        guard x != node.output, layout.scale == 1, source.rank == 3, editor.graph[x].type == .f32,
            layout.offsets[0] == 0, layout.offsets[2] == 0, layout.offsets[1] + 1 > 0, let count = tokenCount(layout),
            layout.factors == factors(of: layout, source, tokens: count)
        else { return nil }
        let first = layout.offsets[1]
        if count == 1, source.dimensions[1] != 1, shape == [source.dimensions[0], source.dimensions[2]] {
            return .nodes([Node(name: node.name, op: .selectToken(first), inputs: [x], outputs: node.outputs)])
        }
        if first > 0, shape == [source.dimensions[0], count, source.dimensions[2]],
            count + first == source.dimensions[1]
        {
            return .nodes([Node(name: node.name, op: .dropTokens(first), inputs: [x], outputs: node.outputs)])
        }
        return nil
    }

    /// How many tokens a layout takes.
    private func tokenCount(_ layout: Layout) -> Dimension? {
        let tokens = layout.factors.filter { $0.axis == 1 }
        guard tokens.count <= 1, tokens.allSatisfy({ $0.stride == 1 }) else { return nil }
        return tokens.first?.size ?? 1
    }

    /// Those of whole rows of `count` tokens.
    private func factors(of layout: Layout, _ shape: Shape, tokens count: Dimension) -> [Layout.Factor] {
        Layout(layout.base, shape: [shape.dimensions[0], count, shape.dimensions[2]]).factors
    }

    private func mean(_ editor: inout GraphEditor, _ node: Node, keepsAxes: Bool) -> Replacement? {
        guard var x = node.inputs[0], editor.shape(x).rank == 3, editor.graph[x].type == .f32,
            editor.axis(ofReduction: node, rank: 3) == 1
        else { return nil }
        var skip = 0
        if let inner = editor.definition(x), case .dropTokens(let count) = inner.op, let tokens = inner.inputs[0] {
            (x, skip) = (tokens, count)
        }
        let source = editor.shape(x)
        let shape: Shape = [source.dimensions[0], source.dimensions[2]]
        let result = keepsAxes ? editor.addValue(node.name + "/mean", shape) : node.output
        let mean = Node(name: node.name, op: .meanTokens(skip: skip), inputs: [x], outputs: [result])
        guard keepsAxes else { return .nodes([mean]) }
        return editor.reshape(result, to: editor.shape(node.output), named: node.name + "/kept", output: node.output)
            .map { .nodes([mean, $0]) }
    }
}
