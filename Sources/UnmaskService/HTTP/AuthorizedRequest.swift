import NIOCore
import NIOHTTP1

/// A request whose sender may ask.
struct AuthorizedRequest: Sendable {
    let request: HTTPRequest
    /// Of this request alone: what another one of the same connection presented does not count.
    let connection: ConnectionState
    private let coding: HTTPContentCoding
    private let account: ByteAccount

    init(
        _ request: HTTPRequest, _ access: ConnectionAccess, from peer: String, _ account: ByteAccount
    ) throws(HTTPError) {
        self.request = request
        self.account = account
        connection = ConnectionState(access, over: .http, from: peer)
        coding = try HTTPContentCoding(request.head)
    }

    /// Whether the body is JSON, as far as its type and, where it is not compressed, its beginning tell.
    var isJSON: Bool {
        let content = try? MethodQuestion.Content(request.head, coding == .identity ? request.body : ByteBuffer())
        return content == nil || content == .json
    }

    /// The body as it was before it was compressed; to be released.
    func content(limit: Int) throws(ServiceError) -> HTTPContent {
        try HTTPContent(request.body, coding, limit: limit, account)
    }
}

extension RequestHandler {
    /// What a path of the HTTP port asks of a method.
    func carryOut<Value>(
        _ method: Method, for asked: AuthorizedRequest,
        _ body: (Method, MethodContext) async throws(ServiceError) -> Value
    ) async throws(ServiceError) -> Value {
        try await carryOut(
            method.rawValue, from: asked.connection, trace: asked.request.trace, received: asked.request.received, body)
    }
}
