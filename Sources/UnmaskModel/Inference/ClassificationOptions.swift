/// How an image is classified.
public struct ClassificationOptions: Sendable, Hashable {
    /// The most labels of an answer.
    public var topK: Int
    /// What the scores are; nil: what the model's head gives.
    public var scores: ScoreKind?
    /// Labels that score less are left out; nil: none is.
    public var threshold: Float?

    public init(topK: Int = 5, scores: ScoreKind? = nil, threshold: Float? = nil) {
        self.topK = topK
        self.scores = scores
        self.threshold = threshold
    }

    /// What the scores of that model are.
    ///
    /// Throws where it has no head, or its head does not give them.
    public func kind(for model: Model) throws(ModelError) -> ScoreKind {
        guard topK > 0 else { throw .invalidRequest("top-k \(topK): expected at least 1") }
        guard let own = model.interface.scores.first else { throw .noHead(model: model.name) }
        guard let scores, scores != own else { return own }
        guard model.interface.scores.contains(scores) else {
            let offered = model.interface.scores.map(\.rawValue).joined(separator: ", ")
            throw .invalidRequest("scores \(scores.rawValue): the head of \(model.name) gives \(offered)")
        }
        return scores
    }
}
