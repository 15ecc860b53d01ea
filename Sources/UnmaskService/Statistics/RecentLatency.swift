/// The durations of the last one to two minutes.
struct RecentLatency: Sendable {
    static let window = Duration.seconds(60)

    private var current = LatencyHistogram()
    private var previous = LatencyHistogram()
    private var started: ContinuousClock.Instant

    init(now: ContinuousClock.Instant) {
        started = now
    }

    mutating func record(_ duration: Duration, now: ContinuousClock.Instant) {
        rotate(now)
        current.record(microseconds: duration.microseconds)
    }

    mutating func histogram(now: ContinuousClock.Instant) -> LatencyHistogram {
        rotate(now)
        var both = previous
        both.add(current)
        return both
    }

    private mutating func rotate(_ now: ContinuousClock.Instant) {
        let age = now - started
        guard age >= Self.window else { return }
        previous = age < Self.window * 2 ? current : LatencyHistogram()
        current = LatencyHistogram()
        started = now
    }
}
