/// Why a call has no reply.
public enum ServiceClientError: Error, Sendable, Equatable, CustomStringConvertible {
    case cannotConnect(ServerAddress, reason: String)
    case connectionClosed
    case connectionFailed(String)
    /// The time that the caller allowed has passed. The server was told to drop the request.
    case timedOut(method: String)
    /// A reply that belongs to no call; with `id` null, to one that the server could not read.
    case unexpectedReply(String)
    case malformedReply(String)
    /// In bytes.
    case replyTooLarge(Int, maximum: Int)
    case invalidRequest(String)

    public var description: String {
        switch self {
        case .cannotConnect(let address, let reason):
            "nobody answers at \(address): \(reason); start one with unmask serve, or name where it listens"
        case .connectionClosed: "the server closed the connection: see its log, and try again"
        case .connectionFailed(let reason): "the connection failed: \(reason)"
        case .timedOut(let method): "\(method) had no answer in time: allow more, or send less at once"
        case .unexpectedReply(let line): "a reply that belongs to no call: \(line)"
        case .malformedReply(let reason): "what came is no reply: \(reason); is this an Unmask server?"
        case .replyTooLarge(let bytes, let maximum):
            "a reply of more than \(bytes) bytes, accepted are \(maximum): ask for less at once, or accept more"
        case .invalidRequest(let reason): "the request cannot be sent: \(reason)"
        }
    }
}
