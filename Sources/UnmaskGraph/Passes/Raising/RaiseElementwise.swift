/// The sum of two computed values of one shape becomes `add`.
public struct RaiseAdd: Pass {
    public let name = "raise-add"
    public init() {}

    public func run(_ graph: inout Graph) -> Int {
        graph.rewrite { editor, node in
            guard let (a, b) = editor.operands(of: node, .add), editor.shape(a) == editor.shape(b),
                editor.graph[a].type == .f32, editor.graph.constants[a] == nil, editor.graph.constants[b] == nil
            else { return nil }
            return .nodes([Node(name: node.name, op: .add, inputs: [a, b], outputs: node.outputs)])
        }
    }
}

/// Softmax over the last axis becomes `softmax`.
public struct RaiseSoftmax: Pass {
    public let name = "raise-softmax"
    public init() {}

    public func run(_ graph: inout Graph) -> Int {
        graph.rewrite { editor, node in
            guard case .primitive(.softmax(let axis)) = node.op, let x = node.inputs[0], editor.graph[x].type == .f32,
                axis == -1 || axis == editor.shape(x).rank - 1
            else { return nil }
            return .nodes([Node(name: node.name, op: .softmax, inputs: [x], outputs: node.outputs)])
        }
    }
}
