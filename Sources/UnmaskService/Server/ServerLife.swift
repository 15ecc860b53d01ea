import NIOCore
import Synchronization

/// What the server must know of its connections and requests to end well.
final class ServerLife: Sendable {
    private struct State {
        var isDraining = false
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

    /// Registers a connection, unless there are `maximum` already.
    ///
    /// - Returns: how many there are now, or nil where this one is too many.
    func connectionOpened(_ channel: any Channel, maximum: Int) -> Int? {
        state.withLock { state in
            guard state.connections.count < maximum else { return nil }
            state.connections[ObjectIdentifier(channel)] = channel
            return state.connections.count
        }
    }

    /// - Returns: how many there are now.
    func connectionClosed(_ channel: any Channel) -> Int {
        state.withLock { state in
            state.connections[ObjectIdentifier(channel)] = nil
            return state.connections.count
        }
    }

    func closeConnections() {
        for channel in state.withLock({ Array($0.connections.values) }) { channel.close(promise: nil) }
    }
}
