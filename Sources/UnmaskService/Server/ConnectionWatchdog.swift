import NIOCore
import Synchronization

/// Closes a connection that costs something and gets nowhere: whose client does not make a first request soon; has begun
/// a request and does not bring it to an end in time, by silence or by a byte a second; does not take its answers; or has
/// not asked for anything for long. Where it is the server that does not read, for the bytes that it holds, the client
/// is told so.
///
/// It looks at the clock now and then instead of setting an alarm for every request.
final class ConnectionWatchdog: Sendable {
    private struct State {
        /// When the connection was opened, until its first request has begun to make sense.
        var silentSince: ContinuousClock.Instant?
        /// When the request began that is not complete yet.
        var partialSince: ContinuousClock.Instant?
        /// Since when the client has taken no answer, while there are some to take.
        var stuckSince: ContinuousClock.Instant?
        var requests = 0
        var answers = 0
        var idleSince: ContinuousClock.Instant
    }

    private enum Overdue { case firstRequest, request, answer, idle }

    private static let farewell = Duration.seconds(1)

    private let state: Mutex<State>
    private let timeouts: ServiceConfiguration.Timeouts
    private let account: ByteAccount
    private let metrics: ServiceMetrics
    private let channel: any Channel
    private let clock: any ServiceClock

    /// - Parameter isTrusted: whether the connection may be silent from the beginning.
    init(
        _ channel: any Channel, _ timeouts: ServiceConfiguration.Timeouts, _ clock: any ServiceClock,
        _ account: ByteAccount, _ metrics: ServiceMetrics, isTrusted: Bool
    ) {
        self.channel = channel
        self.timeouts = timeouts
        self.clock = clock
        self.account = account
        self.metrics = metrics
        state = Mutex(State(silentSince: isTrusted ? nil : clock.now, idleSince: clock.now))
    }

    /// Looks until the connection is closed, eight times within the shortest of the times.
    func watch() {
        let shortest = min(timeouts.firstRequest, timeouts.request, timeouts.answer, timeouts.idle)
        _ = clock.schedule(after: max(shortest / 8, .milliseconds(1)), on: channel.eventLoop) { [self] in
            guard channel.isActive else { return }
            if let overdue { close(overdue) } else { watch() }
        }
    }

    private var overdue: Overdue? {
        let now = clock.now
        return state.withLock { state in
            let firstRequest = min(timeouts.firstRequest, timeouts.request)
            if let since = state.silentSince, now - since > firstRequest { return .firstRequest }
            if let since = state.partialSince, now - since > timeouts.request { return .request }
            if let since = state.stuckSince, now - since > timeouts.answer { return .answer }
            let isIdle = state.requests == 0 && state.partialSince == nil && now - state.idleSince > timeouts.idle
            return isIdle ? .idle : nil
        }
    }

    private func close(_ overdue: Overdue) {
        if overdue == .firstRequest { metrics.turnedAway(.silent) }
        guard overdue == .request, account.isWaiting else { return channel.close(promise: nil) }
        metrics.turnedAway(.bytes)
        metrics.error(.overloaded)
        channel.writeAndFlush(Answer.error(.noRoom, id: .null), promise: nil)
        // What was not read would reset the connection, and take the answer from the client.
        _ = clock.schedule(after: Self.farewell, on: channel.eventLoop) { [channel] in channel.close(promise: nil) }
    }

    /// Everything that came so far is whole requests, or there is the beginning of another one.
    func received(isPartial: Bool, requests: Int) {
        state.withLock { state in
            if requests > 0 { state.silentSince = nil }
            if requests > 0 || !isPartial { state.partialSince = nil }
            if isPartial, state.partialSince == nil { state.partialSince = clock.now }
        }
    }

    /// The client has said what it asks for; the request's own time runs.
    func firstRequestBegan() { state.withLock { $0.silentSince = nil } }

    func requestBegan() { state.withLock { $0.requests += 1 } }

    func requestEnded() {
        state.withLock { state in
            state.requests -= 1
            state.idleSince = clock.now
        }
    }

    func answerBegan() {
        state.withLock { state in
            state.answers += 1
            if state.stuckSince == nil { state.stuckSince = clock.now }
        }
    }

    func answerTaken() {
        state.withLock { state in
            state.answers -= 1
            state.stuckSince = state.answers > 0 ? clock.now : nil
        }
    }
}
