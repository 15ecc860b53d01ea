import NIOCore

/// A close that waits for the rest of a request (a lingering close): bytes that nobody has read would reset the
/// connection, and take the answer from the client. Only a part of them is taken, and only for a while.
struct HTTPLingeringClose {
    static let drainTime = Duration.seconds(2)
    private static let drainedBytes = 1 << 20

    private var promise: EventLoopPromise<Void>?
    private var alarm: (any Alarm)?
    /// Bytes of the last request that were let go.
    private var drained = 0

    var isPending: Bool { promise != nil }

    /// Whether there is patience left with the request that arrives.
    var mayBegin: Bool { drained <= Self.drainedBytes }

    mutating func requestBegan() { drained = 0 }

    /// - Returns: whether a close that waits has waited for enough.
    mutating func dropped(_ bytes: Int) -> Bool {
        drained += bytes
        return isPending && !mayBegin
    }

    /// - Returns: whether a close waits already, whose outcome is the promise's as well.
    func joins(_ other: EventLoopPromise<Void>?) -> Bool {
        guard let promise else { return false }
        promise.futureResult.cascade(to: other)
        return true
    }

    /// - Parameter ring: where the rest does not come in time, on the loop.
    mutating func begin(
        _ other: EventLoopPromise<Void>?, on loop: any EventLoop, _ clock: any ServiceClock,
        _ ring: @escaping @Sendable () -> Void
    ) {
        let close = loop.makePromise(of: Void.self)
        close.futureResult.cascade(to: other)
        promise = close
        alarm = clock.schedule(after: Self.drainTime, on: loop, ring)
    }

    /// - Returns: what the close that waited is to fulfil; nil where none waits.
    mutating func end() -> EventLoopPromise<Void>? {
        alarm?.cancel()
        alarm = nil
        defer { promise = nil }
        return promise
    }
}
