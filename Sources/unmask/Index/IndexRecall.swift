import ArgumentParser
import UnmaskIndex
import UnmaskService

/// What an approximate search is to find of the nearest.
struct RecallOption: ExpressibleByArgument {
    static let usual = RecallOption(share: 0.95)
    let share: Double

    private init(share: Double) { self.share = share }

    init?(argument: String) {
        guard let share = Double(argument), share > 0, share <= 1 else { return nil }
        self.share = share
    }
}

extension JSONWriter {
    /// What was measured of an approximate search.
    mutating func field(_ name: String, _ recall: Recall) {
        key(name)
        object { line in
            line.field("recall_at_10", recall.recall)
            line.field("queries", recall.queries)
            line.field("vectors", recall.rows)
            line.field("effort", recall.effort)
        }
    }
}
