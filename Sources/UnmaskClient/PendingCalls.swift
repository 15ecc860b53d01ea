import Synchronization

/// The calls of one connection that wait for their replies, by id.
final class PendingCalls: Sendable {
    typealias Waiter = CheckedContinuation<ServiceReply, any Error>

    private struct State {
        var lastID = 0
        var waiting: [Int: Waiter] = [:]
        /// Calls that were given up before they began to wait.
        var abandoned: Set<Int> = []
        var end: ServiceClientError?
    }

    private let state = Mutex(State())

    func nextID() -> Int {
        state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
    }

    /// Waits for a reply.
    ///
    /// - Returns: false where it has failed already, and nothing is to be sent.
    func wait(_ id: Int, _ waiter: Waiter) -> Bool {
        let failure = state.withLock { state -> (any Error)? in
            if state.abandoned.remove(id) != nil { return CancellationError() }
            if let end = state.end { return end }
            state.waiting[id] = waiter
            return nil
        }
        if let failure { waiter.resume(throwing: failure) }
        return failure == nil
    }

    /// Ends a call without its reply.
    ///
    /// - Returns: whether it was waiting.
    @discardableResult
    func fail(_ id: Int, _ error: any Error) -> Bool {
        guard let waiter = state.withLock({ $0.waiting.removeValue(forKey: id) }) else { return false }
        waiter.resume(throwing: error)
        return true
    }

    /// As `fail`, also for a call that has yet to begin to wait.
    func cancel(_ id: Int) -> Bool {
        if fail(id, CancellationError()) { return true }
        state.withLock { _ = $0.abandoned.insert(id) }
        return false
    }

    /// The call is over, however it ended.
    func forget(_ id: Int) {
        state.withLock { _ = $0.abandoned.remove(id) }
    }

    /// Gives a reply to its call; one that comes too late for a call that was given up is dropped.
    func deliver(_ event: ReplyFramer.Event) throws(ServiceClientError) {
        guard let id = event.envelope.id, id > 0, id <= state.withLock(\.lastID) else {
            throw .unexpectedReply(event.text(of: event.envelope.error ?? event.envelope.result ?? 0..<0))
        }
        guard let waiter = state.withLock({ $0.waiting.removeValue(forKey: id) }) else { return }
        waiter.resume(with: Result { try ServiceReply(event) })
    }

    /// The connection has ended: every call fails, and those that come later.
    func end(_ error: ServiceClientError) {
        let waiting = state.withLock { state in
            state.end = state.end ?? error
            defer { state.waiting = [:] }
            return state.waiting.values
        }
        for waiter in waiting { waiter.resume(throwing: error) }
    }
}
