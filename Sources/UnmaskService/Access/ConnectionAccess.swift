import Synchronization

/// The rights of one connection, which the token may raise while it is open.
///
/// A connection that presented the token has it only as long as the server has the same one: a token that was replaced
/// takes back what it gave.
final class ConnectionAccess: Sendable {
    private let listener: ListenerAccess
    private let tokens: TokenStore
    private let presented = Mutex<AccessToken?>(nil)

    init(_ listener: ListenerAccess, tokens: TokenStore) {
        self.listener = listener
        self.tokens = tokens
    }

    var rights: ConnectionRights {
        guard let token = presented.withLock(\.self) else { return listener.rights(hasToken: false) }
        return listener.rights(hasToken: token == tokens.current)
    }

    /// Raises the rights of this connection, from now on.
    ///
    /// - Throws: `unauthorized` where it is not the server's token, or where the server has none.
    func present(_ token: String) throws(ServiceError) {
        guard let own = tokens.current, own.matches(token) else { throw .wrongToken }
        presented.withLock { $0 = own }
    }
}

extension ServiceError {
    static let wrongToken = ServiceError(.unauthorized, "this is not the server's token: see its --token-file")
}
