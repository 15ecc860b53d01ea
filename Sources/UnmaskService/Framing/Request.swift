import NIOCore

/// One request as it came off the wire: the line, parsed, and the raw frames that followed it.
struct Request: Sendable {
    /// Absent for a notification, which gets no answer.
    var id: RequestID?
    /// Whether the line said `"jsonrpc":"2.0"`; its answer then says so too.
    var isJSONRPC: Bool
    var method: String
    var params: JSONValue?
    var trace: TraceContext?
    var frames: [ByteBuffer] = []
    /// What it holds in memory until it is answered: its line, much of which may be base64, and its frames.
    var size = 0
}

/// A line, or its frames, that could not become a request. It is answered, and the connection goes on.
struct RejectedRequest: Error, Sendable, Equatable {
    /// `.null` where the line was too broken to tell.
    var id: RequestID
    var error: ServiceError
}

/// The client's own name for a request: any JSON string or number, or null. It goes back as it came.
enum RequestID: Sendable, Hashable {
    case null
    case number(String)
    case string(String)

    static let maximumBytes = 256

    /// Nil where the value is no id: a boolean, an array, an object, or longer than `maximumBytes`.
    init?(_ value: JSONValue) {
        switch value {
        case .null: self = .null
        case .number(let text) where text.utf8.count <= Self.maximumBytes: self = .number(text)
        case .string(let text) where text.utf8.count <= Self.maximumBytes: self = .string(text)
        default: return nil
        }
    }

    func write(to writer: inout JSONWriter) {
        switch self {
        case .null: writer.literal("null")
        case .number(let text): writer.literal(text)
        case .string(let text): writer.value(text)
        }
    }
}
