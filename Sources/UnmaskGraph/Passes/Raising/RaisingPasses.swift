/// The passes that raise chains of primitives to fused operations, in the order in which they help each other. A graph of
/// fused operations is left as it is.
public let raisingPasses: [any Pass] = [
    KeepWholeWeights(), RaiseGrids(), RaiseQuantisedLinear(),
    FoldConstants(), MergeDuplicates(), RemoveNeutral(), RaiseWholeNumbers(), CollapseMovement(), RaiseLinear(),
    RaiseLayerNorm(),
    RaiseGELU(), RaiseAdd(),
    RaiseSoftmax(), SinkMovement(), CollapseMovement(), RaiseAttention(), RaiseLayerScale(), RaisePatchEmbedding(),
    RaiseDepthwise(),
    RaiseTokens(), RaiseRestoredTokens(), RaisePooling(),
]

extension Graph {
    /// What raises one round lets the next go on: a movement between two layers vanishes only behind both. Graphs settle
    /// in two or three.
    private static let mostRounds = 8

    /// Turns chains of primitives into the operations that builders emit, and says what each pass changed in all.
    /// - Parameter disabled: names of passes to leave out.
    @discardableResult
    public mutating func raise(disabled: Set<String> = []) -> [(pass: String, rewrites: Int)] {
        var totals: [String: Int] = [:]
        for _ in 0..<Graph.mostRounds {
            let round = optimize(passes: raisingPasses, disabled: disabled)
            for (pass, rewrites) in round { totals[pass, default: 0] += rewrites }
            if round.allSatisfy({ $0.rewrites == 0 }) { break }
        }
        var names: [String] = []
        for pass in raisingPasses where !names.contains(pass.name) { names.append(pass.name) }
        return names.compactMap { name in totals[name].map { (name, $0) } }
    }
}
