/// An error that the server gave, for a whole request or for one of its images.
public struct RemoteError: Error, Sendable, Hashable, Decodable, CustomStringConvertible {
    public var type: ErrorType
    /// JSON-RPC's number for the type.
    public var code: Int
    /// For people.
    public var message: String
    /// With `overloaded`: when to try again, in milliseconds.
    public var retryAfterMs: Int?

    public var description: String { "\(type.rawValue): \(message)" }

    /// The types that this version of the protocol has. The list is open: a newer server may know more.
    public struct ErrorType: RawRepresentable, Sendable, Hashable, Decodable {
        public let rawValue: String

        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        public static let parseError = Self(rawValue: "parse_error")
        public static let invalidRequest = Self(rawValue: "invalid_request")
        public static let unknownMethod = Self(rawValue: "unknown_method")
        public static let invalidParams = Self(rawValue: "invalid_params")
        public static let `internal` = Self(rawValue: "internal")
        public static let lineTooLong = Self(rawValue: "line_too_long")
        public static let payloadTooLarge = Self(rawValue: "payload_too_large")
        public static let overloaded = Self(rawValue: "overloaded")
        public static let deadlineExceeded = Self(rawValue: "deadline_exceeded")
        public static let cancelled = Self(rawValue: "cancelled")
        public static let shuttingDown = Self(rawValue: "shutting_down")
        public static let modelNotFound = Self(rawValue: "model_not_found")
        public static let unauthorized = Self(rawValue: "unauthorized")
        public static let imageDecodeFailed = Self(rawValue: "image_decode_failed")
        public static let imageTruncated = Self(rawValue: "image_truncated")
        public static let imageTooLarge = Self(rawValue: "image_too_large")
        public static let imageUnsupported = Self(rawValue: "image_unsupported")
        public static let imageNotFound = Self(rawValue: "image_not_found")
        public static let pathNotAllowed = Self(rawValue: "path_not_allowed")
        public static let rowNotFound = Self(rawValue: "row_not_found")
        public static let imageChanged = Self(rawValue: "image_changed")

        public static let all: [Self] = [
            .parseError, .invalidRequest, .unknownMethod, .invalidParams, .internal, .lineTooLong, .payloadTooLarge,
            .overloaded, .deadlineExceeded, .cancelled, .shuttingDown, .modelNotFound, .unauthorized,
            .imageDecodeFailed, .imageTruncated, .imageTooLarge, .imageUnsupported, .imageNotFound, .pathNotAllowed,
            .rowNotFound, .imageChanged,
        ]
    }
}
