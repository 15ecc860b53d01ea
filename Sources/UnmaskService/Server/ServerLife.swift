import NIOCore
import Synchronization

/// What the server must know of its connections and requests to end well.
final class ServerLife: Sendable {
    private struct State {
        var isDraining = false
        var isClosed = false
        var requests = 0
        var ledger: ConnectionLedger
        /// By their numbers in the ledger.
        var channels: [UInt64: any Channel] = [:]
    }

    private let state: Mutex<State>

    init(_ limits: ConnectionLedger.Limits) {
        state = Mutex(State(ledger: ConnectionLedger(limits)))
    }

    var isDraining: Bool { state.withLock(\.isDraining) }

    /// Requests that were read and whose answers are not written yet.
    var requestsInFlight: Int { state.withLock(\.requests) }

    func startDraining() { state.withLock { $0.isDraining = true } }

    func requestBegan() { state.withLock { $0.requests += 1 } }

    func requestEnded() { state.withLock { $0.requests -= 1 } }

    /// Registers a connection, and closes the one whose place it takes, if it takes one's.
    func connectionOpened(
        _ channel: any Channel, at door: Door, from peer: PeerAddress?
    ) throws(TurnedAway) -> ConnectionLedger.Admission {
        let (admission, evicted) = try state.withLock {
            state throws(TurnedAway) -> (ConnectionLedger.Admission, (any Channel)?) in
            guard !state.isClosed else { throw .shuttingDown }
            let admission: ConnectionLedger.Admission
            do throws(ConnectionLedger.Refusal) {
                admission = try state.ledger.admit(at: door, from: peer)
            } catch {
                throw .refused(error)
            }
            let evicted = admission.evicted.flatMap { state.channels.removeValue(forKey: $0) }
            state.channels[admission.id] = channel
            return (admission, evicted)
        }
        evicted?.close(promise: nil)
        return admission
    }

    /// It has made a request, and keeps its place from now on.
    func connectionAsked(_ admission: ConnectionLedger.Admission) {
        state.withLock { $0.ledger.asked(admission.id) }
    }

    func connectionClosed(_ admission: ConnectionLedger.Admission) {
        state.withLock { state in
            state.ledger.closed(admission.id)
            state.channels[admission.id] = nil
        }
    }

    /// Closes every connection, and those that come later.
    func closeConnections() {
        let connections = state.withLock { state in
            state.isClosed = true
            return Array(state.channels.values)
        }
        for channel in connections { channel.close(promise: nil) }
    }
}
