/// One label, and what the model says of it.
public struct ClassScore: Sendable, Equatable {
    /// The checkpoint's label; the index as text where it has none.
    public let label: String
    public let index: Int
    public let score: Float
    /// What `score` is.
    public let kind: ScoreKind

    public init(label: String, index: Int, score: Float, kind: ScoreKind = .probabilities) {
        self.label = label
        self.index = index
        self.score = score
        self.kind = kind
    }

    /// The labels that score most, the highest first; among equals the lower index first.
    /// - Parameter numbers: of all labels, as `kind.output` gives them. One that is not finite is all of the answer, so that
    ///   it is found.
    package static func best(
        _ numbers: [Float], _ kind: ScoreKind, labels: [String], _ options: ClassificationOptions
    ) -> [ClassScore] {
        func score(_ index: Int) -> ClassScore {
            ClassScore(
                label: index < labels.count ? labels[index] : String(index), index: index,
                score: kind.score(numbers[index]), kind: kind)
        }
        if let bad = numbers.firstIndex(where: { !$0.isFinite }) {
            return [ClassScore(label: score(bad).label, index: bad, score: .nan, kind: kind)]
        }
        let best = numbers.indices.sorted { (-numbers[$0], $0) < (-numbers[$1], $1) }.prefix(options.topK).map(score)
        return options.threshold.map { least in best.filter { $0.score >= least } } ?? best
    }
}
