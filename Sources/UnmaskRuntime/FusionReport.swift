public import UnmaskGraph

/// What of a graph runs on fused kernels, and what on plain ones with its share of the work.
public struct FusionReport: Sendable, Codable, Equatable, CustomStringConvertible {
    /// Parts of a model that run fused: `attention`, `MLP` (two linear layers with an activation in the first),
    /// `layer norm`, `patch embedding`, `linear` (all layers, those of MLPs too), and other operations by their names.
    public struct Fused: Sendable, Codable, Equatable {
        public let part: String
        public let count: Int
    }

    /// A primitive that no pass raised.
    public struct Plain: Sendable, Codable, Equatable {
        public let op: String
        /// The nodes' names, in the graph's order.
        public let nodes: [String]
        /// Multiplications and additions of all of them.
        public let flops: Int
        /// Of the whole pass, from 0 to 1.
        public let share: Double
    }

    public let fused: [Fused]
    /// The heaviest first.
    public let plain: [Plain]
    /// Of the whole pass, multiplications and additions counted apart.
    public let flops: Int

    /// The share of the work that plain kernels do, from 0 to 1.
    public var plainShare: Double { plain.reduce(0) { $0 + $1.share } }

    /// How often a part runs fused.
    public func count(of part: String) -> Int { fused.first { $0.part == part }?.count ?? 0 }

    /// - Parameters:
    ///   - graph: after the passes, with the outputs that the plan computes.
    ///   - plan: that graph's, for the sizes that shares are wanted for.
    init(graph: Graph, plan: Plan) {
        fused = FusionReport.fused(graph)
        let primitives = Set(graph.nodes.filter(\.isPrimitive).map { [$0.name, $0.op.name] })
        let steps = plan.steps.filter { primitives.contains([$0.name, $0.kind]) }
        let total = plan.flops
        flops = total
        plain = Dictionary(grouping: steps, by: \.kind).map { op, steps in
            let flops = steps.reduce(0) { $0 + $1.flops }
            return Plain(
                op: op, nodes: steps.map(\.name), flops: flops, share: total > 0 ? Double(flops) / Double(total) : 0)
        }.sorted { ($1.flops, $0.op) < ($0.flops, $1.op) }
    }

    private static func fused(_ graph: Graph) -> [Fused] {
        var users: [ValueID: [Node]] = [:]
        for node in graph.nodes {
            for id in node.inputs.compactMap({ $0 }) { users[id, default: []].append(node) }
        }
        var counts: [String: Int] = [:]
        func count(_ part: String) { counts[part, default: 0] += 1 }
        for node in graph.nodes {
            switch node.op {
            case .attention, .separateAttention: count("attention")
            case .layerNorm: count("layer norm")
            case .patches: count("patch embedding")
            case .linear(let fusion):
                count("linear")
                if fusion.normEpsilon != nil { count("layer norm") }
                if fusion.activation != nil, isRead(node, byLinear: users) { count("MLP") }
            case .gelu:
                if isRead(node, byLinear: users) { count("MLP") } else { count(node.op.name) }
            case .primitive: break
            default: count(node.op.name)
            }
        }
        let first = ["attention", "MLP", "layer norm", "patch embedding", "linear"]
        let others = counts.keys.filter { !first.contains($0) }.sorted()
        return (first + others).compactMap { part in counts[part].map { Fused(part: part, count: $0) } }
    }

    private static func isRead(_ node: Node, byLinear users: [ValueID: [Node]]) -> Bool {
        guard let readers = users[node.output], readers.count == 1, case .linear = readers[0].op else { return false }
        return true
    }

    /// A line for each part and each primitive.
    public var description: String {
        let parts = fused.map { "\($0.count) × \($0.part)" }
        let rest = plain.map { plain in
            let share = (plain.share * 1e4).rounded() / 100
            return "plain: \(plain.nodes.count) × \(plain.op), \(share) % of the FLOPs: "
                + plain.nodes.joined(separator: ", ")
        }
        return (parts + rest).joined(separator: "\n")
    }
}

extension Node {
    fileprivate var isPrimitive: Bool {
        if case .primitive = op { true } else { false }
    }
}

extension Session {
    /// What runs fused and what does not, for these sizes and outputs.
    public func fusionReport(
        bindings: [String: Int], outputs: [String], merging: MergeTokens? = nil
    ) throws(RuntimeError) -> FusionReport {
        let plan = try prepare(bindings: bindings, outputs: outputs, merging: merging)
        return FusionReport(graph: try graph(for: outputs, merging: merging, bindings: bindings), plan: plan)
    }
}
