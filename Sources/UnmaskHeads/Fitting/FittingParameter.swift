/// What can be said of how a head is fitted, beside its images.
public enum FittingParameter: String, Sendable, CaseIterable {
    case strength, neighbours, folds, balanced, unknown, queries, epochs, rate, dimensions, whiten, hidden
    /// Which numbers of masks are left out, and what the others are called.
    case ignore, classes
    case falseAlarms, memory
    /// What says how strange a patch looks, and the masks that hide it.
    case by, passes

    /// The kinds of heads that read it.
    public var kinds: [HeadKind] {
        switch self {
        case .strength: [.linear, .tag, .regress, .segment]
        case .neighbours: [.knn]
        case .folds: HeadKind.allCases.filter { $0 != .project }
        case .balanced: [.ep, .attentive, .linear, .tag, .segment]
        case .unknown: HeadKind.allCases.filter(\.isExclusive)
        case .queries, .epochs, .rate: [.ep, .attentive]
        case .dimensions, .whiten: [.project]
        case .hidden, .ignore, .classes: [.segment]
        case .falseAlarms, .memory, .by, .passes: [.anomaly]
        }
    }
}
