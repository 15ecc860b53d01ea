/// The ways into the server. Each has connections that the others cannot take from it.
enum Door: Int, CaseIterable, Sendable {
    /// The Unix socket, which is its owner's alone.
    case owner
    /// The line protocol over TCP.
    case line
    case http
}
