public import UnmaskGraph

/// What is computed behind the patch tokens of a model and written into one file with its encoder: a head that answers of every
/// place.
public struct ExportTail: Sendable {
    /// The tokens that it reads: [B, N, D], what several sources give side by side.
    public var sources: [VectorSource]
    /// The names of what it gives, in order.
    public var outputs: [String]
    /// What the file says of it besides, by keys of the metadata.
    public var metadata: [String: String]
    /// Adds it to a graph, behind the tokens of the given value. Results are `outputs`, in order.
    public var add: @Sendable (_ graph: inout Graph, _ tokens: ValueID) throws(GraphError) -> [ValueID]

    public init(
        sources: [VectorSource], outputs: [String], metadata: [String: String],
        add: @escaping @Sendable (inout Graph, ValueID) throws(GraphError) -> [ValueID]
    ) {
        (self.sources, self.outputs, self.metadata, self.add) = (sources, outputs, metadata, add)
    }

    /// The key of the metadata that names the kind of head.
    public static let kindKey = "unmask.head"
    /// The key of the score from which an image is anomalous.
    public static let thresholdKey = "unmask.threshold"
    public static let labelsKey = ONNXMetadata.labels

    /// What a file states as its part, which is none of a model's own.
    static let part = "head"
}

extension Graph {
    /// Adds a tail behind the model's tokens.
    ///
    /// - Returns: the names of the nodes' results that it added, which are float32 in a file of float16: distances are sums of
    ///   squares that float16 does not hold.
    mutating func add(_ tail: ExportTail, to model: Model) throws(ModelError) -> Set<String> {
        let first = nodes.count
        do throws(GraphError) {
            var parts: [ValueID] = []
            for source in tail.sources { parts.append(try tokens(of: source, model)) }
            let tokens =
                if parts.count == 1 { parts[0] } else {
                    try add(.concat(axis: 2), named: "head/tokens", parts, outputs: ["head/tokens"])[0]
                }
            let results = try tail.add(&self, tokens)
            removeOutputs()
            for (name, value) in zip(tail.outputs, results) { addOutput(name, value) }
        } catch {
            throw .invalidRequest("\(model.name): the head cannot stand behind its tokens: \(error.description)")
        }
        return Set(nodes[first...].flatMap(\.outputs).map { self[$0].name })
    }

    private mutating func tokens(of source: VectorSource, _ model: Model) throws(GraphError) -> ValueID {
        let name: String
        switch source {
        case .final: name = Pooling.tokens.rawValue
        case .block(let index): name = ModelGraph.block(index)
        case .errors: name = source.name
        }
        guard let value = output(named: name) else {
            throw .mismatch(node: name, op: "tokens", problem: "the model's graph has no such output")
        }
        guard case .block(let index) = source, model.interface.prefix > 0 else { return value }
        let dimensions = self[value].shape.dimensions
        return add(
            .dropTokens(model.interface.prefix), named: "head/\(name)", [value],
            shape: [
                dimensions[0], .symbol(ModelGraph.kept),
                .fixed(model.interface.width(of: .tokens, block: index)),
            ])
    }
}
