internal import Dispatch
internal import Synchronization

/// Whose turn it is: one holder at a time, in the order in which they came. A lock would let who leaves it and takes it
/// again at once, as work in slices does, overtake those that wait.
final class Turn: Sendable {
    private struct State {
        var isTaken = false
        var waiting: [DispatchSemaphore] = []
    }

    private let state = Mutex(State())

    func withTurn<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
        take()
        defer { leave() }
        return try body()
    }

    private func take() {
        let place: DispatchSemaphore? = state.withLock { state in
            guard state.isTaken else {
                state.isTaken = true
                return nil
            }
            let place = DispatchSemaphore(value: 0)
            state.waiting.append(place)
            return place
        }
        place?.wait()
    }

    /// Hands the turn to who has waited longest.
    private func leave() {
        let next: DispatchSemaphore? = state.withLock { state in
            guard state.waiting.isEmpty else { return state.waiting.removeFirst() }
            state.isTaken = false
            return nil
        }
        next?.signal()
    }
}
