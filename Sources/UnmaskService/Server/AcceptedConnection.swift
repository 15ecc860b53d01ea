import NIOCore

/// A connection that was accepted and is not served yet.
struct AcceptedConnection<Inbound: Sendable>: Sendable {
    typealias Listening = NIOAsyncChannel<AcceptedConnection, Never>

    let channel: NIOAsyncChannel<Inbound, Never>
    let account: ByteAccount
    let peer: PeerAddress?
}
