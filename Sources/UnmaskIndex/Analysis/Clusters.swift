public import UnmaskRuntime

/// Images in groups that are alike: spherical k-means (Dhillon and Modha 2001), begun by k-means++ (Arthur and Vassilvitskii
/// 2007). The same index, k and seed give the same clusters.
public struct Clusters: Sendable {
    /// The cluster of each row; -1 where it does not count.
    public let assignments: [Int]
    /// Of each row to its cluster's centre.
    public let similarities: [Float]
    /// Rows of each cluster.
    public let sizes: [Int]
    /// Mean similarity to the own centre, after each round.
    public let history: [Double]

    /// - Parameter rounds: at most so many; it ends where no row changes its cluster.
    public init(
        of store: VectorStore, k: Int, seed: UInt64, rounds: Int = 50, filter: RowFilter? = nil, engine: Engine
    ) throws {
        let filter = try filter ?? RowFilter(store)
        let rows = (0..<store.rowCount).filter(filter.counts)
        guard (1...max(1, rows.count)).contains(k), !rows.isEmpty else {
            throw IndexError(
                .invalidRequest, store.path, "\(k) clusters of \(rows.count) vectors: expected 1 to as many")
        }
        var centres = try Self.begin(store, rows, k, seed, engine)
        var (assignments, similarities) = (
            [Int](repeating: -1, count: store.rowCount), [Float](repeating: 0, count: store.rowCount)
        )
        var history: [Double] = []
        for _ in 0..<max(1, rounds) {
            let packed = try PackedVectors(centres, width: store.dimension, engine: engine)
            var changes = 0
            try store.forEachProduct(with: packed) { firstRow, products in
                for place in 0..<products.count / k where filter.counts(firstRow + place) {
                    let scores = products[(place * k)..<((place + 1) * k)]
                    guard let best = scores.indices.max(by: { (scores[$0], -$0) < (scores[$1], -$1) }) else { continue }
                    let cluster = best - place * k
                    if assignments[firstRow + place] != cluster { changes += 1 }
                    assignments[firstRow + place] = cluster
                    similarities[firstRow + place] = scores[best]
                }
            }
            history.append(rows.reduce(0) { $0 + Double(similarities[$1]) } / Double(rows.count))
            if changes == 0 { break }
            centres = try Self.means(store, rows, assignments, centres)
        }
        var sizes = [Int](repeating: 0, count: k)
        for row in rows { sizes[assignments[row]] += 1 }
        (self.assignments, self.similarities, self.sizes, self.history) = (assignments, similarities, sizes, history)
    }

    /// k rows far from one another: each is drawn with a chance that grows with its distance from those before it.
    private static func begin(
        _ store: VectorStore, _ rows: [Int], _ k: Int, _ seed: UInt64, _ engine: Engine
    ) throws -> [Float] {
        var random = SeededRandom(seed: seed)
        var nearest = [Double](repeating: -1, count: store.rowCount)
        var centres: [Float] = []
        var next = rows[Int(random.fraction() * Double(rows.count))]
        for number in 0..<k {
            let centre = try store.vector(ofRow: next)
            centres += centre
            guard number < k - 1 else { break }
            let packed = try PackedVectors(centre, width: store.dimension, engine: engine)
            try store.forEachProduct(with: packed) { firstRow, products in
                for (place, product) in products.enumerated() {
                    nearest[firstRow + place] = max(nearest[firstRow + place], Double(product))
                }
            }
            let weights = rows.map { max(0, 1 - nearest[$0]) }
            var left = random.fraction() * weights.reduce(0, +)
            let place = weights.firstIndex { weight in
                left -= weight
                return left < 0
            }
            next = rows[place ?? 0]
        }
        return centres
    }

    /// The mean direction of each cluster's rows, summed in double; an empty cluster keeps its centre.
    private static func means(
        _ store: VectorStore, _ rows: [Int], _ assignments: [Int], _ centres: [Float]
    ) throws -> [Float] {
        let width = store.dimension
        var sums = [Double](repeating: 0, count: centres.count)
        for row in rows {
            let start = assignments[row] * width
            for (place, number) in try store.vector(ofRow: row).enumerated() { sums[start + place] += Double(number) }
        }
        var means = centres
        for start in stride(from: 0, to: sums.count, by: width) {
            let length = sums[start..<start + width].reduce(0) { $0 + $1 * $1 }.squareRoot()
            guard length > 0 else { continue }
            for place in start..<start + width { means[place] = Float(sums[place] / length) }
        }
        return means
    }
}

/// SplitMix64 (Steele, Lea and Flood 2014).
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// Of 0 ..< 1.
    mutating func fraction() -> Double { Double(next() >> 11) * 0x1p-53 }
}
