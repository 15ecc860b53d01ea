/// How much of an image each class takes.
public struct ClassShares: Sendable, Equatable {
    public struct Entry: Sendable, Equatable {
        public let label: String
        public let index: Int
        /// Of the pixels that are seen.
        public let share: Double
    }

    /// Of classes that have a pixel, the largest first.
    public let classes: [Entry]
    /// The share of pixels that have a class.
    public let seen: Double

    /// - Parameters:
    ///   - numbers: of pixels; `PointLabels.ignored` has no class.
    ///   - labels: of the classes.
    public init(_ numbers: [UInt8], labels: [String]) {
        var counts = [Int](repeating: 0, count: 256)
        for number in numbers { counts[Int(number)] += 1 }
        let all = labels.indices.reduce(0) { $0 + counts[$1] }
        classes = labels.indices.filter { counts[$0] > 0 }.sorted { (-counts[$0], $0) < (-counts[$1], $1) }
            .map { Entry(label: labels[$0], index: $0, share: Double(counts[$0]) / Double(all)) }
        seen = Double(all) / Double(max(numbers.count, 1))
    }
}
