/// Images dealt out into parts of which each is held out once: every class is spread evenly over them, in an order that the
/// seed decides.
struct Folds {
    /// 1 where there are too few images.
    let count: Int
    /// The fold of each image.
    private let folds: [Int]

    /// - Parameter count: the most parts; no more than the images of the rarest class that has two.
    init(_ targets: Targets, count: Int, seed: UInt64) {
        let counts = targets.counts.filter { $0 > 1 }
        let limit = targets.areExclusive ? counts.min() ?? 1 : targets.count
        let parts = max(1, min(count, limit))
        var random = SplitMix64(seed: seed)
        var folds = [Int](repeating: 0, count: targets.count)
        // Images of several labels, or none, are dealt by the first.
        var groups: [Int32: [Int]] = [:]
        var shuffled = Array(0..<targets.count)
        shuffled.shuffle(using: &random)
        for row in shuffled { groups[targets.labels[row].first ?? -1, default: []].append(row) }
        var next = 0
        for label in groups.keys.sorted() {
            for row in groups[label] ?? [] {
                folds[row] = next % parts
                next += 1
            }
        }
        (self.count, self.folds) = (parts, folds)
    }

    /// Of images of which none is a class of its own.
    init(images: Int, count: Int, seed: UInt64) throws(HeadError) {
        self.init(try Targets(classes: Array(repeating: 0, count: images), outputs: 1), count: count, seed: seed)
    }

    /// The images that are held out in a fold, ascending.
    func rows(of fold: Int) -> [Int] { folds.indices.filter { folds[$0] == fold } }
}

/// Sebastiano Vigna's generator: the same numbers from the same seed, everywhere.
public struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
