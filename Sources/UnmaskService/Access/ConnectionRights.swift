/// What a client may ask for, by where it came in and by whether it has presented the token.
struct ConnectionRights: Sendable, Equatable {
    /// Everything that answers questions.
    var mayCall: Bool
    /// What changes the server: loading and unloading models, draining, log levels.
    var mayAdminister: Bool

    /// - Throws: `unauthorized`.
    func requireCall() throws(ServiceError) {
        guard mayCall else {
            throw ServiceError(
                .unauthorized,
                "this address asks for the server's token: begin with hello and params.token, or over HTTP send "
                    + "Authorization: Bearer TOKEN")
        }
    }

    /// The priorities that this connection's requests may state.
    var priorities: [Priority] { mayAdminister ? Priority.allCases : Priority.allCases.filter { $0 != .high } }

    /// - Throws: `unauthorized`.
    func require(_ priority: Priority) throws(ServiceError) {
        guard priorities.contains(priority) else {
            throw ServiceError(
                .unauthorized,
                "priority \"\(priority)\" is for the Unix socket, or for a connection whose hello has presented the "
                    + "server's token (--token-file); this one may state: "
                    + priorities.map(\.rawValue).joined(separator: ", "))
        }
    }

    /// - Throws: `unauthorized`.
    func requireAdministration() throws(ServiceError) {
        guard mayAdminister else {
            throw ServiceError(
                .unauthorized,
                "administration is for the Unix socket, or for a connection whose hello has presented the server's "
                    + "token (--token-file)")
        }
    }
}

/// What a listener gives to whoever reaches it.
enum ListenerAccess: Sendable, Equatable {
    /// The Unix socket: only the server's own user can open it, and may do everything.
    case owner
    /// Everyone may call; the token gives administration.
    case open
    /// Nothing without the token.
    case token

    func rights(hasToken: Bool) -> ConnectionRights {
        switch self {
        case .owner: ConnectionRights(mayCall: true, mayAdminister: true)
        case .open: ConnectionRights(mayCall: true, mayAdminister: hasToken)
        case .token: ConnectionRights(mayCall: hasToken, mayAdminister: hasToken)
        }
    }
}
