/// Which requests go first. A higher priority always does; a lower one runs when no higher one waits.
enum Priority: String, Sendable, CaseIterable, Comparable {
    case high, normal, low

    /// 0 is the first to go.
    var level: Int {
        switch self {
        case .high: 0
        case .normal: 1
        case .low: 2
        }
    }

    /// In the order in which they go.
    static func < (a: Priority, b: Priority) -> Bool { a.level < b.level }
}
