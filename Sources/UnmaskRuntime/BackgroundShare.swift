/// What passes in the background have of an engine: all of it where nobody is served, else a sixteenth. Each slice of
/// theirs is paid for by fifteen times as long of serving.
struct BackgroundShare {
    /// How long others serve for each slice, in slices.
    static let servings = 15
    /// An engine that nobody has wanted for so long is free: more than it takes to make the next batch.
    static let quiet = Duration.milliseconds(2)

    /// Serving that is still to come before the next slice.
    private(set) var owed = Duration.zero
    private var lastServed: ContinuousClock.Instant?

    mutating func served(from start: ContinuousClock.Instant, to end: ContinuousClock.Instant) {
        owed = max(.zero, owed - (end - start))
        lastServed = end
    }

    mutating func sliced(_ time: Duration) { owed += time * BackgroundShare.servings }

    /// Whether a slice may begin on an engine that is free. Where it may, nothing is owed any more.
    mutating func mayBegin(now: ContinuousClock.Instant) -> Bool {
        if owed > .zero, let lastServed, now - lastServed < BackgroundShare.quiet { return false }
        owed = .zero
        return true
    }
}
