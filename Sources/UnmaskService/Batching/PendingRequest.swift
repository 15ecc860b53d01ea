import Synchronization

/// Gathers the outcomes of a request's images, which arrive from other threads in any order.
final class PendingRequest: Sendable {
    private struct State {
        var outcomes: [ImageOutcome?]
        var missing: Int
        var waiter: CheckedContinuation<[ImageOutcome], Never>?
    }

    private let state: Mutex<State>

    init(images: Int) {
        state = Mutex(State(outcomes: Array(repeating: nil, count: images), missing: images))
    }

    /// Records the outcome of an image; only the first one counts.
    func complete(_ index: Int, _ outcome: ImageOutcome) {
        let finished = state.withLock { state -> (CheckedContinuation<[ImageOutcome], Never>, [ImageOutcome])? in
            guard state.outcomes[index] == nil else { return nil }
            state.outcomes[index] = outcome
            state.missing -= 1
            guard state.missing == 0, let waiter = state.waiter.take() else { return nil }
            return (waiter, state.outcomes.compactMap(\.self))
        }
        if let (waiter, outcomes) = finished { waiter.resume(returning: outcomes) }
    }

    /// Whether an image has its outcome, so that nobody waits for what is made of it now.
    func isComplete(_ index: Int) -> Bool { state.withLock { $0.outcomes[index] != nil } }

    /// Gives every image that is still missing the same error; what the engine makes of it is dropped.
    func abandon(_ error: ServiceError) {
        let missing = state.withLock { state in state.outcomes.indices.filter { state.outcomes[$0] == nil } }
        for index in missing { complete(index, ImageOutcome(result: .failure(error))) }
    }

    /// Waits for every image; `outcomes[i]` belongs to image `i`. Called once.
    func outcomes() async -> [ImageOutcome] {
        await withCheckedContinuation { waiter in
            let outcomes = state.withLock { state -> [ImageOutcome]? in
                guard state.missing > 0 else { return state.outcomes.compactMap(\.self) }
                state.waiter = waiter
                return nil
            }
            if let outcomes { waiter.resume(returning: outcomes) }
        }
    }
}
