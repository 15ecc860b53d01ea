import UnmaskHeads
import UnmaskIndex

/// Rows of an index in a plane: where their vectors lie along the two directions in which they differ most.
struct IndexMap: Sendable {
    static let usualSample = 2000
    static let mostSample = 20_000
    /// Fewer points lie on a line, whatever they are.
    private static let leastSample = 3

    /// Which rows are drawn.
    struct Question: Sendable, Equatable {
        /// At most so many rows.
        let sample: Int
        /// Of those that are drawn from more.
        let seed: UInt64
    }

    /// Ascending.
    let rows: [Int]
    /// Along the first direction and the second, from the rows' mean.
    let x: [Float]
    let y: [Float]
    /// Of each row, the image that has brought it.
    let paths: [String]
    /// What the two directions have of the variance of these rows.
    let shares: [Double]

    /// - Throws: where there are too few rows, or they do not differ.
    init(of snapshot: ServedIndex.Snapshot, _ question: Question) throws {
        let store = snapshot.store
        guard snapshot.everything.rowCount >= Self.leastSample, store.dimension > 1 else {
            throw ServiceError(
                .invalidParams,
                "\(snapshot.everything.rowCount) vectors of \(store.dimension) numbers: a map has at least "
                    + "\(Self.leastSample) of 2"
            )
        }
        rows = Self.sample(of: (0..<store.rowCount).filter(snapshot.everything.counts), question)
        let vectors = try rows.map { try store.vector(ofRow: $0) }
        let components = try PrincipalComponents(
            FeatureMatrix(vectors.flatMap(\.self), width: store.dimension), dimensions: 2)
        let places = vectors.map(components.layer.callAsFunction)
        (x, y) = (places.map { $0[0] }, places.map { $0[1] })
        let all = components.variances.reduce(0, +) / components.share
        shares = components.variances.map { $0 / all }
        paths = try rows.map { try store.images(ofRow: $0).first?.path ?? "" }
    }

    /// All of them, or as many as are asked for, each as likely (Fisher and Yates 1938).
    private static func sample(of rows: [Int], _ question: Question) -> [Int] {
        guard rows.count > question.sample else { return rows }
        var (rows, random) = (rows, SplitMix64(seed: question.seed))
        for place in 0..<question.sample {
            rows.swapAt(place, Int.random(in: place..<rows.count, using: &random))
        }
        return rows[..<question.sample].sorted()
    }
}
