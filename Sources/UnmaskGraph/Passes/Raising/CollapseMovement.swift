/// A chain of movements whose elements end up in the order they began in becomes one Reshape, or nothing: the reshapes
/// around `Gemm`, transposes and their inverses, Squeeze after Unsqueeze.
public struct CollapseMovement: Pass {
    public let name = "collapse-movement"
    public init() {}

    public func run(_ graph: inout Graph) -> Int {
        graph.rewrite { editor, node in
            guard node.op.isMovement, editor.graph[node.output].type == .f32 else { return nil }
            let layout = editor.layout(of: node.output)
            guard layout.base != node.output, layout.scale == 1, layout.isWhole(of: editor.shape(layout.base)) else {
                return nil
            }
            if editor.shape(layout.base) == editor.shape(node.output) { return .value(layout.base) }
            if case .primitive(.reshape) = node.op, node.inputs[0] == layout.base { return nil }
            return editor.reshape(
                layout.base, to: editor.shape(node.output), named: node.name, output: node.output
            ).map { .nodes([$0]) }
        }
    }
}

extension Op {
    /// Whether the operation gives its first operand's elements another order or shape, and leaves none out.
    var isMovement: Bool {
        switch self {
        case .primitive(.reshape), .primitive(.flatten), .primitive(.squeeze), .primitive(.unsqueeze),
            .primitive(.transpose):
            true
        default: false
        }
    }
}
