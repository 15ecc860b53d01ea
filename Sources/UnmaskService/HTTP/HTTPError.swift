import NIOCore
import NIOHTTP1

/// Why a request is not answered as it asked. The `code` is one of the service's error types, or one of the few that
/// only HTTP has.
struct HTTPError: Error {
    var status: HTTPResponseStatus
    var code: String
    var message: String
    var retryAfterMilliseconds: Int?
    /// What the path takes, where the method is what is wrong.
    var allowed: [HTTPMethod] = []

    init(_ status: HTTPResponseStatus, _ code: String, _ message: String) {
        self.status = status
        self.code = code
        self.message = message
    }

    init(_ error: ServiceError) {
        self.init(error.type.httpStatus, error.type.rawValue, error.message)
        retryAfterMilliseconds = error.retryAfterMilliseconds
    }

    /// What a client is told whose bytes are not HTTP; nil for what is wrong with the connection itself.
    init?(malformed error: any Error) {
        switch error {
        case HTTPParserError.headerOverflow:
            self.init(
                .requestHeaderFieldsTooLarge, "headers_too_large", "the headers are larger than this server takes")
        case HTTPWire.Fault.framingTooLarge:
            self.init(
                .badRequest, "invalid_http",
                "what stands between the chunks of the body is larger than this server takes")
        case HTTPWire.Fault.foreign:
            self.init(
                .badRequest, "invalid_http", "the request line names another protocol: this server speaks HTTP/1.1")
        case HTTPWire.Fault.tls:
            self.init(
                .badRequest, "invalid_http",
                "this port speaks in the clear, and this is TLS: use http://, or give the server a certificate "
                    + "(--tls-certificate, --tls-key)")
        case let error as HTTPParserError:
            self.init(.badRequest, "invalid_http", "this is not HTTP/1.1 (\(error))")
        default:
            return nil
        }
    }

    private var type: String {
        switch status.code {
        case 401: "authentication_error"
        case 500...: "server_error"
        default: "invalid_request_error"
        }
    }

    /// The answer, in the shape that the clients of the path expect.
    ///
    /// - Parameter head: nil where none was read.
    func response(to head: HTTPRequestHead?) -> HTTPResponse {
        let shape = head.map { HTTPErrorShape(uri: $0.uri) } ?? .openAI
        var response = HTTPResponse.json(status) { shape.write(self, to: &$0) }
        if status == .unauthorized { response.headers.add(name: "www-authenticate", value: "Bearer") }
        if !allowed.isEmpty {
            response.headers.add(name: "allow", value: allowed.map(\.rawValue).joined(separator: ", "))
        }
        if let retryAfterMilliseconds {
            response.headers.add(name: "retry-after", value: String((retryAfterMilliseconds + 999) / 1000))
            response.headers.add(name: "retry-after-ms", value: String(retryAfterMilliseconds))
        }
        return response
    }

    /// As OpenAI's clients read it.
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("message", message)
            json.field("type", type)
            json.key("param")
            json.literal("null")
            json.field("code", code)
        }
    }
}

extension ErrorType {
    /// The status that says the same to a client that knows only HTTP: whether to change the request or to try again.
    var httpStatus: HTTPResponseStatus {
        switch self {
        case .parseError, .invalidRequest, .invalidParams, .imageDecodeFailed, .imageTruncated, .imageNotFound,
            .pathNotAllowed:
            .badRequest
        case .unauthorized: .unauthorized
        case .unknownMethod, .modelNotFound, .rowNotFound: .notFound
        case .imageChanged: .conflict
        case .lineTooLong, .payloadTooLarge, .imageTooLarge: .payloadTooLarge
        case .imageUnsupported: .unsupportedMediaType
        case .overloaded, .cancelled, .shuttingDown: .serviceUnavailable
        case .deadlineExceeded: .gatewayTimeout
        case .internal: .internalServerError
        }
    }
}
