/// A rewriting of a graph that keeps what it computes.
public protocol Pass: Sendable {
    /// How the pass is switched off and reported.
    var name: String { get }

    /// Rewrites the graph and returns how many places it changed.
    func run(_ graph: inout Graph) -> Int
}

/// The passes in the order in which they help each other.
public let standardPasses: [any Pass] = [
    FoldConstants(), FoldScaleShift(), FuseActivation(), FuseResidual(), FuseLayerNorm(),
]

/// The passes that help once it is known which outputs are asked for.
public let outputPasses: [any Pass] = [NarrowToToken()]

extension Graph {
    /// Runs passes in order, and says what each changed. Those named in `disabled` are left out.
    @discardableResult
    public mutating func optimize(
        passes: [any Pass] = standardPasses, disabled: Set<String> = []
    ) -> [(pass: String, rewrites: Int)] {
        passes.filter { !disabled.contains($0.name) }.map { ($0.name, $0.run(&self)) }
    }

    /// The index of the node that computes each value.
    func producers() -> [ValueID: Int] {
        Dictionary(
            uniqueKeysWithValues: nodes.enumerated().flatMap { index, node in node.outputs.map { ($0, index) } })
    }
}
