/// When a writer makes durable what it has: so seldom that it takes a hundredth of the time, and not more often than each
/// second.
struct CheckpointPace {
    private let clock = ContinuousClock()
    private let begun: ContinuousClock.Instant
    private var last: ContinuousClock.Instant
    private var cost = Duration.zero
    private var total = Duration.zero

    init() {
        begun = clock.now
        last = begun
    }

    var isDue: Bool { clock.now - last > max(.seconds(1), cost * 100) }

    mutating func measure<E: Error>(_ checkpoint: () throws(E) -> Void) throws(E) {
        let start = clock.now
        try checkpoint()
        last = clock.now
        cost = last - start
        total += cost
    }

    /// Of the time so far.
    var share: Double {
        let whole = clock.now - begun
        return whole > .zero ? total / whole : 0
    }
}
