/// How much of what pixels are was answered right.
public struct SegmentationMeasures: Sendable, Equatable {
    public let classes: [String]
    /// Pixels by true class (rows) and answered class (columns), row-major.
    public private(set) var confusion: [Int]
    public private(set) var images = 0
    /// Pixels that the model does not see, for its recipe crops them: they count nowhere else.
    public private(set) var unseen = 0

    public init(classes: [String]) {
        self.classes = classes
        confusion = Array(repeating: 0, count: classes.count * classes.count)
    }

    /// One image's pixels, or points: where the truth is `PointLabels.ignored` they do not count.
    public mutating func add(answered: [UInt8], expected: [UInt8]) {
        precondition(answered.count == expected.count, "\(answered.count) answers for \(expected.count) pixels")
        images += 1
        for (answer, truth) in zip(answered, expected) where truth != PointLabels.ignored {
            guard answer != PointLabels.ignored else {
                unseen += 1
                continue
            }
            confusion[Int(truth) * classes.count + Int(answer)] += 1
        }
    }

    public var pixels: Int { confusion.reduce(0, +) }

    /// Of a class the pixels that are it, those of them that were answered so, and all that were.
    private func counts(_ label: Int) -> (true: Int, right: Int, answered: Int) {
        let n = classes.count
        return (
            (0..<n).reduce(0) { $0 + confusion[label * n + $1] }, confusion[label * n + label],
            (0..<n).reduce(0) { $0 + confusion[$1 * n + label] }
        )
    }

    /// Pixels of a class.
    public func pixels(of label: Int) -> Int { counts(label).true }

    /// Intersection over union; nil for a class that no pixel is, and none was answered as.
    public func iou(of label: Int) -> Double? {
        let counts = counts(label)
        let union = counts.true + counts.answered - counts.right
        return union == 0 ? nil : Double(counts.right) / Double(union)
    }

    /// The share of a class's pixels that were answered so; nil for a class without pixels.
    public func recall(of label: Int) -> Double? {
        let counts = counts(label)
        return counts.true == 0 ? nil : Double(counts.right) / Double(counts.true)
    }

    /// The mean over the classes that have one; nil where none has.
    public var meanIoU: Double? {
        let all = classes.indices.compactMap { iou(of: $0) }
        return all.isEmpty ? nil : all.reduce(0, +) / Double(all.count)
    }

    /// The share of pixels that were answered right; nil without pixels.
    public var accuracy: Double? {
        pixels == 0 ? nil : Double(classes.indices.reduce(0) { $0 + counts($1).right }) / Double(pixels)
    }
}
