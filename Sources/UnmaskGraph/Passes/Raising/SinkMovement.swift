/// Moves reshapes and transposes that keep rows whole behind the operations that treat rows one by one:
/// linear(reshape(x)) becomes reshape(linear(x)), and likewise layerNorm, gelu and the sum of two values that moved
/// alike. Meeting their inverses there, they vanish: `Gemm` on [B·T, D] inside a graph of [B, T, D], and the [T, B, D]
/// that torch's MultiheadAttention works in.
public struct SinkMovement: Pass {
    public let name = "sink-movement"
    public init() {}

    public func run(_ graph: inout Graph) -> Int {
        graph.rewrite { editor, node in
            guard let first = node.inputs.first ?? nil, let movement = rowMovement(editor, first),
                let x = movement.inputs[0], let width = editor.shape(node.output).width
            else { return nil }
            var inner = node
            inner.inputs[0] = x
            switch node.op {
            case .linear
            where node.inputs.count <= LinearOperand.residual || node.inputs[LinearOperand.residual] == nil:
                break
            case .layerNorm, .gelu, .scaleShift, .roundToGrid: break
            case .add:
                guard let other = rowMovement(editor, node.inputs[1] ?? first), let y = other.inputs[0],
                    other.op == movement.op, editor.shape(x) == editor.shape(y),
                    editor.shape(first) == editor.shape(node.output)
                else { return nil }
                inner.inputs[1] = y
            default: return nil
            }
            inner.outputs = [editor.addValue(node.name, editor.shape(x).with(width: width))]
            var outer = movement
            outer.name = node.name + "/moved"
            outer.inputs[0] = inner.output
            outer.outputs = node.outputs
            if case .primitive(.transpose) = movement.op { return .nodes([inner, outer]) }
            let reshape = editor.reshape(
                inner.output, to: editor.shape(node.output), named: outer.name, output: node.output)
            return reshape.map { .nodes([inner, $0]) }
        }
    }

    /// The movement that made a value, where it left rows whole. Values of more axes than tokens have are heads of an
    /// attention, whose movements are read with it.
    private func rowMovement(_ editor: GraphEditor, _ id: ValueID) -> Node? {
        guard let node = editor.definition(id), node.op.isMovement, let x = node.inputs[0],
            editor.shape(x).rank <= 3, editor.shape(id).rank <= 3, editor.graph[x].type == .f32,
            let width = editor.shape(x).width, editor.shape(id).width == width
        else { return nil }
        if case .primitive(.transpose(let order)) = node.op { return order.last == order.count - 1 ? node : nil }
        return node
    }
}
