public import UnmaskModel

/// What a head does with vectors.
public enum HeadKind: String, Sendable, Codable, CaseIterable {
    /// One of several classes, by a linear layer.
    case linear
    /// One of several classes, by the most similar training images.
    case knn
    /// Any number of labels, by a linear layer.
    case tag
    /// Quantities, by a linear layer.
    case regress

    /// What its scores can be given as, its own first.
    public var scores: [ScoreKind] {
        switch self {
        case .linear: [.probabilities, .logits]
        case .knn: [.probabilities]
        case .tag: [.sigmoid, .logits]
        case .regress: [.values]
        }
    }

    /// Whether its classes exclude one another.
    public var isExclusive: Bool { self == .linear || self == .knn }
}
