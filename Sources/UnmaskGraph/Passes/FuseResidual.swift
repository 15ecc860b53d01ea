/// linear → add becomes one linear whose epilogue adds the residual stream, in place where the stream ends there.
public struct FuseResidual: Pass {
    public let name = "fuse-residual"
    public init() {}

    public func run(_ graph: inout Graph) -> Int {
        let uses = graph.useCounts()
        let producers = graph.producers()
        var removed = Set<Int>()
        for (index, node) in graph.nodes.enumerated() {
            guard node.op == .add, let a = node.inputs[0], let b = node.inputs[1] else { continue }
            // Either operand may be the linear's result; the other one must exist before the linear runs.
            for (branch, stream) in [(b, a), (a, b)] {
                guard uses[branch] == 1, let producer = producers[branch],
                    case .linear = graph.nodes[producer].op,
                    graph.nodes[producer].inputs[LinearOperand.residual] == nil,
                    (producers[stream] ?? -1) < producer
                else { continue }
                // The sum takes the linear's place: the stream is ready there, and nothing else used the branch.
                graph.nodes[producer].inputs[LinearOperand.residual] = stream
                graph.nodes[producer].output = node.output
                removed.insert(index)
                break
            }
        }
        graph.removeNodes(removed)
        return removed.count
    }
}
