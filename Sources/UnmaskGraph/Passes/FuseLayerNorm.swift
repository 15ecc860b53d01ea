/// layerNorm → linear becomes one linear that normalises its input rows on the way in, where nothing else reads the
/// normalised rows.
public struct FuseLayerNorm: Pass {
    public let name = "fuse-layer-norm"
    public init() {}

    public func run(_ graph: inout Graph) -> Int {
        let uses = graph.useCounts()
        let producers = graph.producers()
        var removed = Set<Int>()
        for index in graph.nodes.indices {
            guard case .linear(var fusion) = graph.nodes[index].op, fusion.normEpsilon == nil,
                let x = graph.nodes[index].inputs[LinearOperand.x], uses[x] == 1, let producer = producers[x],
                case .layerNorm(let epsilon) = graph.nodes[producer].op
            else { continue }
            let norm = graph.nodes[producer].inputs
            fusion.normEpsilon = epsilon
            graph.nodes[index].op = .linear(fusion)
            graph.nodes[index].inputs[LinearOperand.x] = norm[0]
            graph.nodes[index].inputs[LinearOperand.normWeight] = norm[1]
            graph.nodes[index].inputs[LinearOperand.normBias] = norm[2]
            removed.insert(producer)
        }
        graph.removeNodes(removed)
        return removed.count
    }
}
