import NIOCore

/// Closes a connection whose client has begun a request and does not bring it to an end in time, be it by silence or
/// by a byte a second.
struct RequestWatchdog {
    let channel: any Channel
    let timeout: Duration
    private var alarm: Scheduled<Void>?

    init(channel: any Channel, timeout: Duration) {
        self.channel = channel
        self.timeout = timeout
    }

    /// Some of a request is here, not all of it. The time runs from the first call.
    mutating func requestBegan() {
        guard alarm == nil else { return }
        let channel = channel
        alarm = channel.eventLoop.scheduleTask(in: TimeAmount(timeout)) { channel.close(promise: nil) }
    }

    mutating func requestArrived() {
        alarm?.cancel()
        alarm = nil
    }
}
