import Logging

/// One line a request at debug, and one for each error at the level that its type has. Neither shows what was sent:
/// no image, no path, no token.
struct AccessLog: Sendable {
    private let logger: Logger

    /// - Parameter peer: by whose address warnings and errors are told apart, and limited.
    init(_ logger: Logger, peer: String, trace: TraceContext?) {
        var logger = logger
        logger[metadataKey: "peer"] = "\(peer)"
        if let trace {
            logger[metadataKey: "trace_id"] = "\(trace.traceID)"
            logger[metadataKey: "parent_id"] = "\(trace.parentID)"
        }
        self.logger = logger
    }

    func answered(_ method: String, over transport: Transport, in time: Duration, error: ServiceError?) {
        logger.debug(
            "request",
            metadata: [
                "method": "\(method)", "transport": "\(transport.rawValue)", "duration_us": "\(time.microseconds)",
                "status": "\(error?.type.rawValue ?? "ok")",
            ])
        if let error { failed(error) }
    }

    /// A request, or one of its images, ended in an error. The message of one that the client made may quote what it
    /// sent, and is for the client alone.
    func failed(_ error: ServiceError) {
        var metadata: Logger.Metadata = ["type": "\(error.type.rawValue)"]
        if error.type == .internal { metadata["error"] = "\(error.message)" }
        logger.log(level: error.type.logLevel, "request failed", metadata: metadata)
    }
}

/// The way that a request came in.
enum Transport: String, Sendable {
    case unix, tcp, http
}

extension ErrorType {
    /// What an operator must see, against what a client did to itself: the latter would let any client flood the log,
    /// and is counted in `unmask_errors_total` anyway.
    var logLevel: Logger.Level {
        switch self {
        case .internal: .error
        case .unauthorized: .warning
        default: .debug
        }
    }
}
