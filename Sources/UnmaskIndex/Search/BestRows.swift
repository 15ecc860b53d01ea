/// The most similar rows seen so far, at most `limit`: more similar ones first, of equal ones the lower row.
struct BestRows {
    private let limit: Int
    private(set) var rows: [Neighbour] = []

    init(limit: Int) {
        self.limit = limit
        rows.reserveCapacity(limit + 1)
    }

    /// What a row must exceed, or reach with a lower number, to be taken: -∞ while there is room.
    var threshold: Float { rows.count < limit ? -.infinity : rows[rows.count - 1].similarity }

    mutating func offer(_ row: Int, _ similarity: Float) {
        guard similarity >= threshold else { return }
        let new = Neighbour(row: row, similarity: similarity)
        if rows.count == limit, let last = rows.last, !new.precedes(last) { return }
        var (low, high) = (0, rows.count)
        while low < high {
            let middle = (low + high) / 2
            if rows[middle].precedes(new) { low = middle + 1 } else { high = middle }
        }
        rows.insert(new, at: low)
        if rows.count > limit { rows.removeLast() }
    }
}

/// A row that a search found.
public struct Neighbour: Sendable, Equatable {
    public let row: Int
    /// The dot product with the query: the cosine, as both have length 1.
    public let similarity: Float

    public init(row: Int, similarity: Float) {
        self.row = row
        self.similarity = similarity
    }

    func precedes(_ other: Neighbour) -> Bool {
        similarity > other.similarity || similarity == other.similarity && row < other.row
    }
}
