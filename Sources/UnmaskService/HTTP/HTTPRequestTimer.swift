import NIOCore

/// How long a client has: to make its first request, to bring one to its end, and to begin the next.
///
/// One alarm at most is set at a time. Of the connection's event loop.
struct HTTPRequestTimer {
    struct Limits: Sendable {
        /// From the opening of the connection to the head of its first request.
        var firstRequest: Duration
        /// For a request to arrive, from its first byte on.
        var request: Duration
        /// For the next request to begin.
        var idle: Duration
    }

    enum Overdue: Sendable { case firstRequest, request, idle }

    private let limits: Limits
    private let clock: any ServiceClock
    private var setAlarm: ((Duration, Overdue) -> any Alarm)?
    private var alarm: (any Alarm)?
    /// When the request began that arrives or arrived last.
    private var began: ContinuousClock.Instant?

    init(_ limits: Limits, _ clock: any ServiceClock) {
        self.limits = limits
        self.clock = clock
    }

    /// - Parameter ring: is told what took too long, on the loop.
    mutating func opened(on loop: any EventLoop, _ ring: @escaping @Sendable (Overdue) -> Void) {
        setAlarm = { [clock] time, overdue in clock.schedule(after: time, on: loop) { ring(overdue) } }
        // Covers TLS's handshake as well.
        wait(for: .firstRequest, min(limits.firstRequest, limits.request, limits.idle))
    }

    /// The first request's head has its time from the opening of the connection.
    mutating func requestBegan() {
        let isFirst = began == nil
        began = clock.now
        if !isFirst { wait(for: .request, limits.request) }
    }

    mutating func headCame() {
        let now = clock.now
        wait(for: .request, max(limits.request - (now - (began ?? now)), .zero))
    }

    mutating func requestCame() { alarm?.cancel() }

    /// The request is answered; the rest of its body is still to come.
    mutating func bodyIsSkipped() { wait(for: .idle, limits.request) }

    mutating func requestIsAwaited() { wait(for: .idle, limits.idle) }

    /// For good.
    mutating func stop() {
        alarm?.cancel()
        alarm = nil
        setAlarm = nil
    }

    private mutating func wait(for overdue: Overdue, _ time: Duration) {
        alarm?.cancel()
        alarm = setAlarm?(time, overdue)
    }
}
