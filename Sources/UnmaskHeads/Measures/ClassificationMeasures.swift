/// How often answers about classes that exclude one another are right, and how well they know it.
public struct ClassificationMeasures: Sendable {
    public let classes: [String]
    /// Images by true class (rows) and answered class (columns), row-major.
    public private(set) var confusion: [Int]
    public private(set) var count = 0
    public private(set) var top5 = 0
    /// Answers by how probable they were said to be, in equal steps.
    public private(set) var reliability = [ReliabilityBin](repeating: ReliabilityBin(), count: Self.bins)

    /// Answers that were said to be about as probable.
    public struct ReliabilityBin: Sendable, Equatable {
        public var count = 0
        public var right = 0
        /// Of the probabilities.
        public var sum = 0.0
    }

    /// The steps that calibration is measured in (Guo et al. 2017).
    public static let bins = 15

    public init(classes: [String]) {
        self.classes = classes
        confusion = Array(repeating: 0, count: classes.count * classes.count)
    }

    /// - Parameters:
    ///   - best: class numbers, most probable first.
    ///   - probability: of the first, where it is one.
    public mutating func add(_ best: [Int], label: Int, probability: Double? = nil) {
        guard let first = best.first else { return }
        count += 1
        confusion[label * classes.count + first] += 1
        top5 += best.prefix(5).contains(label) ? 1 : 0
        guard let probability else { return }
        let bin = min(Self.bins - 1, max(0, Int((probability * Double(Self.bins)).rounded(.up)) - 1))
        reliability[bin].count += 1
        reliability[bin].right += first == label ? 1 : 0
        reliability[bin].sum += probability
    }

    /// Images of that class, and those of them, and of others, that were answered as it.
    public struct ClassCounts: Sendable, Equatable {
        public let images: Int
        public let right: Int
        public let answered: Int

        /// Nil for a class without images.
        public var recall: Double? { images == 0 ? nil : Double(right) / Double(images) }
        /// Nil for a class that was never answered.
        public var precision: Double? { answered == 0 ? nil : Double(right) / Double(answered) }
        /// The harmonic mean of both; nil for a class that neither has.
        public var f1: Double? { images + answered == 0 ? nil : 2 * Double(right) / Double(images + answered) }
    }

    public func counts(of label: Int) -> ClassCounts {
        let n = classes.count
        return ClassCounts(
            images: (0..<n).reduce(0) { $0 + confusion[label * n + $1] }, right: confusion[label * n + label],
            answered: (0..<n).reduce(0) { $0 + confusion[$1 * n + label] })
    }

    public var top1: Int { classes.indices.reduce(0) { $0 + confusion[$1 * classes.count + $1] } }

    /// The mean F1 of the classes that have images or answers; nil where none has.
    public var macroF1: Double? {
        let all = classes.indices.compactMap { counts(of: $0).f1 }
        return all.isEmpty ? nil : all.reduce(0, +) / Double(all.count)
    }

    /// The expected calibration error: how far the answers' probabilities are from how often they are right, by bins, weighted
    /// by their answers. Nil where answers have no probabilities.
    public var calibrationError: Double? {
        let all = reliability.reduce(0) { $0 + $1.count }
        guard all > 0 else { return nil }
        return reliability.reduce(0) { $0 + abs(Double($1.right) - $1.sum) } / Double(all)
    }
}
