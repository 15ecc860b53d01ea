import Synchronization

/// What the service knows of one connection; its requests share it.
final class ConnectionState: Sendable {
    private static let lastID = Atomic<UInt64>(0)

    /// Connections take turns in the queue by this number. 0 is the server itself.
    let id: UInt64
    let access: ConnectionAccess
    let transport: Transport
    /// The client's IP address, or `unix`.
    let peer: String
    private let requests = Mutex<[RequestID: RequestCancellation]>([:])

    init(_ access: ConnectionAccess, over transport: Transport, from peer: String) {
        id = Self.lastID.add(1, ordering: .relaxed).newValue
        self.access = access
        self.transport = transport
        self.peer = peer
    }

    /// At this moment: they may change while the connection is open.
    var rights: ConnectionRights { access.rights }

    /// Registers a request, before anything of it runs.
    func begin(_ id: RequestID?) -> RequestCancellation {
        let cancellation = RequestCancellation()
        if let id { requests.withLock { $0[id] = cancellation } }
        return cancellation
    }

    func end(_ id: RequestID?, _ cancellation: RequestCancellation) {
        guard let id else { return }
        // Of two requests with one id, the later one is meant.
        requests.withLock { if $0[id] === cancellation { $0[id] = nil } }
    }

    /// - Returns: whether there was such a request, not answered yet.
    func cancel(_ id: RequestID) -> Bool {
        guard let request = requests.withLock({ $0[id] }) else { return false }
        request.cancel()
        return true
    }
}

/// Lets one request be cancelled from another one of its connection, also before it has begun to run.
final class RequestCancellation: Sendable {
    private enum State {
        case waiting
        case running(@Sendable () -> Void)
        case cancelled
    }

    private let state = Mutex(State.waiting)

    func cancel() {
        let running = state.withLock { state -> (@Sendable () -> Void)? in
            defer { state = .cancelled }
            guard case .running(let cancel) = state else { return nil }
            return cancel
        }
        running?()
    }

    /// Runs the request's work as a task that `cancel()`, or cancelling the caller, cancels.
    func run<Value: Sendable>(_ body: @escaping @Sendable () async -> Value) async -> Value {
        let task = Task { await body() }
        let isCancelled = state.withLock { state in
            if case .cancelled = state { return true }
            state = .running { task.cancel() }
            return false
        }
        if isCancelled { task.cancel() }
        return await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
    }
}
