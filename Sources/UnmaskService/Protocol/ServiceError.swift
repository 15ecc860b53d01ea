/// An error as a client receives it, for a whole request or for one of its images.
public struct ServiceError: Error, Sendable, Equatable, CustomStringConvertible {
    public var type: ErrorType
    /// For people: the thing, what was expected, what was found, what to do.
    public var message: String
    /// With `overloaded`: when to try again, in milliseconds, estimated from the work that is queued.
    public var retryAfterMilliseconds: Int?

    public init(_ type: ErrorType, _ message: String, retryAfterMilliseconds: Int? = nil) {
        self.type = type
        self.message = message
        self.retryAfterMilliseconds = retryAfterMilliseconds
    }

    public var description: String { "\(type.rawValue): \(message)" }
}

extension ServiceError {
    static let shuttingDown = ServiceError(
        .shuttingDown, "the server is shutting down and takes no new work: send the request to another one")
    static let cancelled = ServiceError(.cancelled, "the request was cancelled before it ran")
    static let noRoom = ServiceError(
        .overloaded,
        "the request could not be read in time, for the bytes that all connections hold: try again, with smaller requests",
        retryAfterMilliseconds: 1000)
    static let deadlineExceeded = ServiceError(
        .deadlineExceeded, "deadline_ms passed before the request ran: allow more time, or send less at once")

    func write(to writer: inout JSONWriter) {
        writer.object { error in
            error.field("code", type.code)
            error.field("type", type.rawValue)
            error.field("message", message)
            if let retryAfterMilliseconds { error.field("retry_after_ms", retryAfterMilliseconds) }
        }
    }
}
