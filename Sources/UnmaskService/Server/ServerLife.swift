import NIOCore
import Synchronization

/// What the server must know of its connections and requests to end well.
final class ServerLife: Sendable {
    private struct State {
        var isDraining = false
        var isClosed = false
        var requests = 0
        var connections: [ObjectIdentifier: any Channel] = [:]
    }

    private let state = Mutex(State())

    var isDraining: Bool { state.withLock(\.isDraining) }

    /// Requests that were read and whose answers are not written yet.
    var requestsInFlight: Int { state.withLock(\.requests) }

    func startDraining() { state.withLock { $0.isDraining = true } }

    func requestBegan() { state.withLock { $0.requests += 1 } }

    func requestEnded() { state.withLock { $0.requests -= 1 } }

    /// Registers a connection.
    ///
    /// - Throws: `overloaded` where there are `maximum` already, `shutting_down` after `closeConnections()`.
    func connectionOpened(_ channel: any Channel, maximum: Int) throws(ServiceError) {
        try state.withLock { state throws(ServiceError) in
            guard !state.isClosed else { throw .shuttingDown }
            guard state.connections.count < maximum else {
                throw ServiceError(
                    .overloaded,
                    "\(maximum) connections are open: close some, or share one among many requests",
                    retryAfterMilliseconds: 1000)
            }
            state.connections[ObjectIdentifier(channel)] = channel
        }
    }

    func connectionClosed(_ channel: any Channel) {
        state.withLock { $0.connections[ObjectIdentifier(channel)] = nil }
    }

    /// Closes every connection, and those that come later.
    func closeConnections() {
        let connections = state.withLock { state in
            state.isClosed = true
            return Array(state.connections.values)
        }
        for channel in connections { channel.close(promise: nil) }
    }
}
