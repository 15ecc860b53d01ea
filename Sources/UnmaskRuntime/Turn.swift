internal import Dispatch
internal import Synchronization

/// Whose turn it is: one holder at a time, those who serve in the order in which they came. A lock would let who leaves it
/// and takes it again at once overtake those that wait. Work in the background has its share (`BackgroundShare`).
final class Turn: Sendable {
    enum Purpose: Sendable { case serving, background }

    private struct State {
        var isTaken = false
        var serving: [DispatchSemaphore] = []
        var background: [DispatchSemaphore] = []
        var share = BackgroundShare()
    }

    private let state = Mutex(State())
    private let clock = ContinuousClock()

    func withTurn<R, E: Error>(_ purpose: Purpose = .serving, _ body: () throws(E) -> R) throws(E) -> R {
        switch purpose {
        case .serving: take()
        case .background: while !takeInBackground() {}
        }
        let start = clock.now
        defer { leave(purpose, since: start) }
        return try body()
    }

    private func take() {
        let place: DispatchSemaphore? = state.withLock { state in
            guard state.isTaken else {
                state.isTaken = true
                return nil
            }
            let place = DispatchSemaphore(value: 0)
            state.serving.append(place)
            return place
        }
        place?.wait()
    }

    /// False: it is to be asked for again, since whether the engine is free depends on how long nobody has wanted it.
    private func takeInBackground() -> Bool {
        let place: DispatchSemaphore? = state.withLock { state in
            if !state.isTaken, state.share.mayBegin(now: clock.now) {
                state.isTaken = true
                return nil
            }
            let place = DispatchSemaphore(value: 0)
            state.background.append(place)
            return place
        }
        guard let place else { return true }
        let nanoseconds = Int(BackgroundShare.quiet / .nanoseconds(1))
        if place.wait(timeout: .now() + .nanoseconds(nanoseconds)) == .success { return true }
        return state.withLock { state in
            // Who is no longer waiting was given the turn meanwhile.
            guard let index = state.background.firstIndex(where: { $0 === place }) else { return true }
            state.background.remove(at: index)
            return false
        }
    }

    /// Hands the turn to who is to have it next: background work whose share is paid for, else who has waited longest.
    private func leave(_ purpose: Purpose, since start: ContinuousClock.Instant) {
        let next: DispatchSemaphore? = state.withLock { state in
            let end = clock.now
            switch purpose {
            case .serving: state.share.served(from: start, to: end)
            case .background: state.share.sliced(end - start)
            }
            if !state.background.isEmpty, state.share.owed == .zero { return state.background.removeFirst() }
            if !state.serving.isEmpty { return state.serving.removeFirst() }
            state.isTaken = false
            return nil
        }
        next?.signal()
    }
}
