import UnmaskModel

extension Parameters {
    /// Reads `top_k`, `scores` and `threshold`.
    /// - Parameter kinds: what the head's scores can be given as.
    func classification(outputs: Int, scores kinds: [ScoreKind]) throws(ServiceError) -> ClassificationOptions {
        let topK = try integer("top_k", in: 1...outputs)
        return ClassificationOptions(
            topK: topK ?? min(5, outputs), scores: try scores(among: kinds),
            threshold: try number("threshold", -1e9...1e9).map { Float($0) })
    }

    private func scores(among kinds: [ScoreKind]) throws(ServiceError) -> ScoreKind? {
        guard let kind: ScoreKind = try choice("scores") else { return nil }
        guard kinds.contains(kind) else {
            throw mismatch("scores", "one of " + kinds.map { "\"\($0.rawValue)\"" }.joined(separator: ", "))
        }
        return kind
    }
}
