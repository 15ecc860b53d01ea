internal import UnmaskGraph

/// Probing by attention (Psomas et al. 2025): learned queries attend to the patch tokens in their full width, and the head reads
/// of each query its own part of the values of what it found.
public struct TokenProbe: Sendable, Equatable, Codable {
    /// Q; it divides the width.
    public var queries: Int

    public init(queries: Int) { self.queries = queries }

    /// Queries beyond which a file is taken for a mistake or an attack.
    static let most = 1024
    /// [1, Q, D]: a token's score is its product with the query.
    static let queries = "probe.queries"
    /// A linear layer without bias, [D, D], of whose outputs each query has D / Q.
    static let value = "probe.value"
}

extension LayerBuilder {
    /// Patch tokens [B, K, D] → [B, D].
    ///
    /// The projection is linear, and a query's weights sum to 1: it is applied to what each query found, [B, Q, D], in place
    /// of every token.
    mutating func probed(_ tokens: ValueID, _ probe: TokenProbe, _ c: ModelConfiguration) throws(ModelError) -> ValueID
    {
        let (B, Q, D) = (Dimension.symbol(ModelGraph.batch), probe.queries, c.outputWidth)
        let queries = try parameter(TokenProbe.queries, [1, Q, D])
        let found = graph.add(
            .separateAttention(SeparateAttention(heads: 1, scale: 1)), named: "probe", [queries, tokens, tokens],
            shape: [B, .fixed(Q), .fixed(D)])
        let values = try linear(found, TokenProbe.value, to: D, bias: false)  // [B, Q, D]
        // The mean over queries of Q times a query's own part, and nothing of the others', is the parts side by side.
        let parts = constant("probe.parts", [Q, D]) {
            (0..<Q * D).map { $0 % D / (D / Q) == $0 / D ? Float(Q) : 0 }
        }
        let own = graph.add(
            .primitive(.binary(.multiply)), named: "probe.own", [values, parts], shape: graph[values].shape)
        return graph.add(.meanTokens(skip: 0), named: "probe.vector", [own], shape: [B, .fixed(D)])
    }
}
