/// linear → gelu becomes one linear whose epilogue applies the GELU to the accumulators while they are in registers.
public struct FuseActivation: Pass {
    public let name = "fuse-activation"
    public init() {}

    public func run(_ graph: inout Graph) -> Int {
        let uses = graph.useCounts()
        let producers = graph.producers()
        var removed = Set<Int>()
        for (index, node) in graph.nodes.enumerated() {
            guard case .gelu(let kind) = node.op, let x = node.inputs[0], uses[x] == 1,
                let producer = producers[x], case .linear(var fusion) = graph.nodes[producer].op,
                fusion.activation == nil, graph.nodes[producer].inputs[LinearOperand.residual] == nil,
                graph.nodes[producer].operand(LinearOperand.scale) == nil
            else { continue }
            fusion.activation = kind
            graph.nodes[producer].op = .linear(fusion)
            graph.nodes[producer].output = node.output
            removed.insert(index)
        }
        graph.removeNodes(removed)
        return removed.count
    }
}

extension Graph {
    mutating func removeNodes(_ indices: Set<Int>) {
        nodes = nodes.enumerated().filter { !indices.contains($0.offset) }.map(\.element)
    }
}
