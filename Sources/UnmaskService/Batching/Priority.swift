/// Which requests go first, and how much of the engine each kind has where all of them wait.
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

    /// Of the tokens that run while requests of several priorities wait, the parts that each has at least.
    var share: Int {
        switch self {
        case .high: 16
        case .normal: 4
        case .low: 1
        }
    }

    /// In the order in which they go.
    static func < (a: Priority, b: Priority) -> Bool { a.level < b.level }
}
