/// The rows of the largest estimates seen so far: at least `limit` of them once so many were seen, in no order.
struct BestEstimates {
    private let limit: Int
    private var kept: [(estimate: Float, row: Int32)] = []
    /// What a row must exceed to be taken: -∞ while there is room.
    private(set) var threshold = -Float.infinity

    init(limit: Int) {
        self.limit = limit
        kept.reserveCapacity(2 * limit)
    }

    mutating func offer(_ row: Int, _ estimate: Float) {
        kept.append((estimate, Int32(truncatingIfNeeded: row)))
        if kept.count == 2 * limit { cut() }
    }

    /// Of equal ones those of the lower rows, so that the same search always finds the same.
    private mutating func cut() {
        kept.sort { $0.estimate > $1.estimate || $0.estimate == $1.estimate && $0.row < $1.row }
        kept.removeLast(kept.count - limit)
        threshold = kept[limit - 1].estimate
    }

    /// The best `limit`.
    var rows: [Int] {
        mutating get {
            if kept.count > limit { cut() }
            return kept.map { Int($0.row) }
        }
    }
}
