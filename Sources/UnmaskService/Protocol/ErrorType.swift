/// The closed list of error types. The string is the contract; clients match on it and on nothing else.
public enum ErrorType: String, Sendable, CaseIterable {
    case parseError = "parse_error"
    case invalidRequest = "invalid_request"
    case unknownMethod = "unknown_method"
    case invalidParams = "invalid_params"
    case `internal` = "internal"

    case lineTooLong = "line_too_long"
    case payloadTooLarge = "payload_too_large"
    case overloaded = "overloaded"
    case deadlineExceeded = "deadline_exceeded"
    case cancelled = "cancelled"
    case shuttingDown = "shutting_down"
    case modelNotFound = "model_not_found"
    case unauthorized = "unauthorized"
    case rowNotFound = "row_not_found"

    case imageDecodeFailed = "image_decode_failed"
    case imageTruncated = "image_truncated"
    case imageTooLarge = "image_too_large"
    case imageUnsupported = "image_unsupported"
    case imageNotFound = "image_not_found"
    case imageChanged = "image_changed"
    case pathNotAllowed = "path_not_allowed"

    /// The number that JSON-RPC 2.0 asks for: its own where it defines one, else from the range it leaves to servers.
    public var code: Int {
        switch self {
        case .parseError: -32700
        case .invalidRequest: -32600
        case .unknownMethod: -32601
        case .invalidParams: -32602
        case .internal: -32603
        case .lineTooLong: -32001
        case .payloadTooLarge: -32002
        case .overloaded: -32003
        case .deadlineExceeded: -32004
        case .cancelled: -32005
        case .shuttingDown: -32006
        case .modelNotFound: -32007
        case .unauthorized: -32008
        case .rowNotFound: -32009
        case .imageDecodeFailed: -32020
        case .imageTruncated: -32021
        case .imageTooLarge: -32022
        case .imageUnsupported: -32023
        case .imageNotFound: -32024
        case .pathNotAllowed: -32025
        case .imageChanged: -32026
        }
    }
}
