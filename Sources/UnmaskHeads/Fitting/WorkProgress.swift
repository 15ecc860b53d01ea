/// How much of a piece of work is left, by how long the rest of it took.
public struct WorkProgress: Sendable {
    private let total: Int
    private let started: ContinuousClock.Instant

    public init(total: Int) { (self.total, started) = (total, .now) }

    /// Such as `12 s left`; `done` steps are behind.
    public func left(done: Int) -> String {
        Self.left(done: done, of: total, after: ContinuousClock.now - started)
    }

    static func left(done: Int, of total: Int, after elapsed: Duration) -> String {
        guard done > 0, elapsed >= .seconds(1) else { return "time left not known yet" }
        let seconds = Int((elapsed / .seconds(1) * Double(max(0, total - done)) / Double(done)).rounded(.up))
        guard seconds >= 60 else { return "\(seconds) s left" }
        guard seconds >= 3600 else { return "\(seconds / 60) min \(seconds % 60) s left" }
        return "\(seconds / 3600) h \(seconds % 3600 / 60) min left"
    }
}
