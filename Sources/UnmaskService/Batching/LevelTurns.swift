/// Which priority has its turn, among those that have work: stride scheduling (Waldspurger and Weihl, 1995).
///
/// Each level's turns are counted in tokens, divided by its share; whoever has had least of its own is next, the higher
/// priority where two are level. So a higher one that comes to a queue of lower ones goes first, and none of them,
/// however much is asked of the others, waits for more than `longestWait` of their tokens.
struct LevelTurns: Sendable {
    /// By level: the tokens that it has had, divided by its share (in units of `Self.unit`).
    private var had = Priority.allCases.map { _ in 0 }
    private var hadWork = Priority.allCases.map { _ in false }
    /// Where the last one whose turn it was stood.
    private var present = 0

    /// Divided by any level's share without a rest.
    private static let unit = Priority.allCases.reduce(1) { $0 * $1.share }

    /// The priority that has its turn.
    ///
    /// - Parameter hasWork: by level. One that has none saves nothing up for later.
    /// - Returns: nil where none has.
    mutating func next(_ hasWork: (Priority) -> Bool) -> Priority? {
        var next: Priority?
        for priority in Priority.allCases {
            let level = priority.level
            let has = hasWork(priority)
            if has, !hadWork[level] { had[level] = max(had[level], present) }
            hadWork[level] = has
            if has, next.map({ had[level] < had[$0.level] }) ?? true { next = priority }
        }
        if let next { present = had[next.level] }
        return next
    }

    mutating func take(tokens: Int, as priority: Priority) {
        had[priority.level] += tokens * (Self.unit / priority.share)
    }

    /// The most tokens of others that a level with work waits for, before its turn comes.
    ///
    /// - Parameter tokens: the most that one turn takes.
    static func longestWait(of priority: Priority, turn tokens: Int) -> Int {
        let others = Priority.allCases.reduce(0) { $0 + $1.share } - priority.share
        return tokens * others / priority.share + tokens * (Priority.allCases.count - 1)
    }
}
