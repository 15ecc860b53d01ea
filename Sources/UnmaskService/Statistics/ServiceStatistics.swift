import Synchronization

/// What the server counts of itself, for `stats`.
final class ServiceStatistics: Sendable {
    enum Stage: String, CaseIterable, Sendable {
        case decode, queue, inference, encode, total
    }

    struct Snapshot: Sendable {
        var requests: [Method: Int] = [:]
        var errors: [ErrorType: Int] = [:]
        /// Images that got a result, and images that got an error of their own.
        var images = 0
        var failedImages = 0
        /// Images that were run with fewer tokens than asked for, as their requests allow.
        var loweredImages = 0
        /// How many batches had that many images.
        var batches: [Int: Int] = [:]
        var connections = 0
    }

    private struct State {
        var counts = Snapshot()
        var stages: [Stage: RecentLatency]
    }

    let started = ContinuousClock.now
    private let state: Mutex<State>

    init() {
        let now = started
        state = Mutex(
            State(stages: Dictionary(uniqueKeysWithValues: Stage.allCases.map { ($0, RecentLatency(now: now)) })))
    }

    func request(_ method: Method) { state.withLock { $0.counts.requests[method, default: 0] += 1 } }

    func error(_ type: ErrorType) { state.withLock { $0.counts.errors[type, default: 0] += 1 } }

    func connections(by change: Int) { state.withLock { $0.counts.connections += change } }

    func lowered(images: Int) { state.withLock { $0.counts.loweredImages += images } }

    func batch(images: Int) { state.withLock { $0.counts.batches[images, default: 0] += 1 } }

    func images(_ outcomes: [ImageOutcome], failed: Int) {
        let now = ContinuousClock.now
        state.withLock { state in
            state.counts.images += outcomes.count - failed
            state.counts.failedImages += failed
            for outcome in outcomes {
                state.stages[.decode]?.record(outcome.times.decode, now: now)
                state.stages[.queue]?.record(outcome.times.queue, now: now)
                state.stages[.inference]?.record(outcome.times.inference, now: now)
            }
        }
    }

    func answered(_ times: Answer.Times) {
        let now = ContinuousClock.now
        state.withLock { state in
            state.stages[.encode]?.record(times.encode, now: now)
            state.stages[.total]?.record(times.total, now: now)
        }
    }

    var counts: Snapshot { state.withLock(\.counts) }

    func latency(_ stage: Stage) -> LatencyHistogram {
        state.withLock { $0.stages[stage]?.histogram(now: .now) } ?? LatencyHistogram()
    }
}
