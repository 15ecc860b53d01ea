/// What images are, for a head to learn.
public struct Targets: Sendable {
    /// Whether classes exclude one another: a softmax over them, in place of a logistic function of each.
    public let areExclusive: Bool
    /// How many classes or labels there are.
    public let outputs: Int
    /// Of each image the numbers of its labels, one where classes exclude one another; ascending.
    let labels: [[Int32]]

    public var count: Int { labels.count }

    /// Classes that exclude one another.
    public init(classes labels: [Int], outputs: Int) throws(HeadError) {
        if let bad = labels.first(where: { !(0..<outputs).contains($0) }) {
            throw .data("class \(bad): there are 0 to \(outputs - 1)")
        }
        (areExclusive, self.outputs, self.labels) = (true, outputs, labels.map { [Int32($0)] })
    }

    /// Labels of which an image may have any number.
    public init(tags labels: [[Int]], outputs: Int) throws(HeadError) {
        if let bad = labels.joined().first(where: { !(0..<outputs).contains($0) }) {
            throw .data("label \(bad): there are 0 to \(outputs - 1)")
        }
        (areExclusive, self.outputs) = (false, outputs)
        self.labels = labels.map { Set($0).sorted().map(Int32.init) }
    }

    /// How many images each class has, [outputs].
    public var counts: [Int] {
        var counts = [Int](repeating: 0, count: outputs)
        for label in labels.joined() { counts[Int(label)] += 1 }
        return counts
    }

    /// What each image weighs where every class weighs as much: n / (outputs · images of its class), as scikit-learn's
    /// `class_weight="balanced"`.
    func balanced() -> [Float] {
        let counts = counts
        let present = counts.filter { $0 > 0 }.count
        return labels.map { labels in
            guard let label = labels.first, areExclusive else { return 1 }
            return Float(Double(count) / (Double(present) * Double(counts[Int(label)])))
        }
    }
}
