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
    /// One of several classes of every pixel, by one or two layers over patch tokens.
    case segment
    /// How strange an image looks beside good ones, and where, by a memory of their patch tokens.
    case anomaly
    /// The vector along the directions in which images differ most, for retrieval.
    case project

    /// What a head learns of each image that it is fitted on.
    public enum Subject: Sendable {
        /// One of several classes.
        case oneClass
        /// Any number of labels.
        case labels
        case quantities
        /// The class of each pixel.
        case mask
        /// The image is all that there is.
        case nothing
    }

    public var learns: Subject {
        switch self {
        case .ep, .attentive, .linear, .knn: .oneClass
        case .tag: .labels
        case .regress: .quantities
        case .segment: .mask
        case .anomaly, .project: .nothing
        }
    }

    /// What its scores of an image can be given as, its own first; empty where an image has none.
    public var scores: [ScoreKind] {
        switch self {
        case .ep, .attentive, .linear: [.probabilities, .logits]
        case .knn: [.probabilities]
        case .tag: [.sigmoid, .logits]
        case .regress, .project, .anomaly: [.values]
        case .segment: []
        }
    }

    /// Whether an image is one of its classes.
    public var isExclusive: Bool { learns == .oneClass }

    /// Whether it learns from images alone, whatever they are.
    public var needsNoLabels: Bool { learns == .nothing }

    /// Whether it reads an image's patch tokens, in place of one vector.
    public var readsTokens: Bool {
        switch self {
        case .ep, .attentive, .segment, .anomaly: true
        case .linear, .knn, .tag, .regress, .project: false
        }
    }
}
