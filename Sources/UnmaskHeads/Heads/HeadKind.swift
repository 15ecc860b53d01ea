public import UnmaskModel

/// What a head makes of vectors, or of patch tokens.
public enum HeadKind: String, Sendable, Codable, CaseIterable {
    /// One of several classes, by efficient probing: queries that attend to patch tokens, and a linear layer.
    case ep
    /// One of several classes, by multi-head attention pooling of patch tokens, and a linear layer.
    case attentive
    /// One of several classes, by a linear layer.
    case linear
    /// One of several classes, by the most similar training images.
    case knn
    /// Any number of labels, by a linear layer.
    case tag
    /// Quantities, by a linear layer.
    case regress
    /// The vector along the directions in which images differ most, for retrieval.
    case project

    /// What its scores can be given as, its own first.
    public var scores: [ScoreKind] {
        switch self {
        case .ep, .attentive, .linear: [.probabilities, .logits]
        case .knn: [.probabilities]
        case .tag: [.sigmoid, .logits]
        case .regress, .project: [.values]
        }
    }

    /// Whether its classes exclude one another.
    public var isExclusive: Bool {
        switch self {
        case .ep, .attentive, .linear, .knn: true
        case .tag, .regress, .project: false
        }
    }

    /// Whether it learns from images alone, whatever they are.
    public var needsNoLabels: Bool { self == .project }

    /// Whether it reads an image's patch tokens, in place of one vector.
    public var readsTokens: Bool { self == .ep || self == .attentive }
}
