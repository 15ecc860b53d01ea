import NIOCore

/// The time by which the service keeps its deadlines. Whatever waits for a moment or compares with one asks the
/// server's clock, so that a test moves the time by hand and no test depends on how fast the machine is.
protocol ServiceClock: Sendable {
    var now: ContinuousClock.Instant { get }

    /// Waits until then; not at all where that moment has passed.
    ///
    /// - Throws: `CancellationError`, where the task is cancelled.
    func sleep(until deadline: ContinuousClock.Instant) async throws

    /// Runs the body on the event loop after so long, unless the alarm is cancelled before.
    func schedule(
        after delay: Duration, on loop: any EventLoop, _ body: @escaping @Sendable () -> Void
    ) -> any Alarm
}

/// Something that is to happen at a moment.
protocol Alarm: Sendable {
    func cancel()
}

/// The machine's own time.
struct SystemClock: ServiceClock {
    var now: ContinuousClock.Instant { .now }

    func sleep(until deadline: ContinuousClock.Instant) async throws {
        try await Task.sleep(until: deadline)
    }

    func schedule(
        after delay: Duration, on loop: any EventLoop, _ body: @escaping @Sendable () -> Void
    ) -> any Alarm {
        loop.scheduleTask(in: TimeAmount(delay), body)
    }
}

extension Scheduled<Void>: Alarm {}
