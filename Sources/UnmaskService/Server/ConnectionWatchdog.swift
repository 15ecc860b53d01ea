import NIOCore
import Synchronization

/// Closes a connection that costs something and gets nowhere: whose client has begun a request and does not bring it to
/// an end in time, by silence or by a byte a second; who does not take its answers; or who has not asked for anything
/// for long.
///
/// It looks at the clock now and then instead of setting an alarm for every request.
final class ConnectionWatchdog: Sendable {
    private struct State {
        /// When the request began that is not complete yet.
        var partialSince: ContinuousClock.Instant?
        /// Since when the client has taken no answer, while there are some to take.
        var stuckSince: ContinuousClock.Instant?
        var requests = 0
        var answers = 0
        var idleSince: ContinuousClock.Instant
    }

    private let state: Mutex<State>
    private let timeouts: ServiceConfiguration.Timeouts
    private let channel: any Channel
    private let clock: any ServiceClock

    init(_ channel: any Channel, _ timeouts: ServiceConfiguration.Timeouts, _ clock: any ServiceClock) {
        self.channel = channel
        self.timeouts = timeouts
        self.clock = clock
        state = Mutex(State(idleSince: clock.now))
    }

    /// Looks until the connection is closed, eight times within the shortest of the times.
    func watch() {
        let shortest = min(timeouts.request, timeouts.answer, timeouts.idle)
        _ = clock.schedule(after: max(shortest / 8, .milliseconds(1)), on: channel.eventLoop) { [self] in
            guard channel.isActive else { return }
            if isOverdue { channel.close(promise: nil) } else { watch() }
        }
    }

    private var isOverdue: Bool {
        let now = clock.now
        return state.withLock { state in
            if let since = state.partialSince, now - since > timeouts.request { return true }
            if let since = state.stuckSince, now - since > timeouts.answer { return true }
            return state.requests == 0 && state.partialSince == nil && now - state.idleSince > timeouts.idle
        }
    }

    /// Everything that came so far is whole requests, or there is the beginning of another one.
    func received(isPartial: Bool, requests: Int) {
        state.withLock { state in
            if requests > 0 || !isPartial { state.partialSince = nil }
            if isPartial, state.partialSince == nil { state.partialSince = clock.now }
        }
    }

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
