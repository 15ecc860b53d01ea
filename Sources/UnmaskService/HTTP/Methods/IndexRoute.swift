import NIOCore
import NIOHTTP1

/// `GET /v1/indexes` and the paths under it: methods of indexes that take names and numbers alone, which fit into an address.
struct IndexRoute: Sendable {
    /// A picture is no page, and none is to be made of it.
    private static let protections: HTTPHeaders = [
        "content-security-policy": "default-src 'none'", "x-content-type-options": "nosniff",
        "cross-origin-resource-policy": "same-origin",
    ]

    let handler: RequestHandler

    func respond(to asked: AuthorizedRequest, _ method: Method) async throws(ServiceError) -> HTTPResponse {
        try await handler.carryOut(method, for: asked) {
            (method, context) async throws(ServiceError) -> HTTPResponse in
            let form = try MethodAnswer(asked.request.head, of: method)
            let question = try MethodQuestion(asked.request.head, IndexPath(HTTPRoute.path(asked.request.head.uri)))
            let request = try question.request(method, isAnsweredByBytes: false)
            guard form != .png else { return try await Self.picture(request, asked.request.head, context) }
            return MethodRoute.answer(try await handler.result(method, request, context), form, context)
        }
    }

    /// A client that has the picture keeps it for as long as the row holds these pixels, and asks each time whether it does:
    /// under the same name another index may be served.
    private static func picture(
        _ request: Request, _ head: HTTPRequestHead, _ context: MethodContext
    ) async throws(ServiceError) -> HTTPResponse {
        typealias Question = IndexPictureResult.Question
        let question = try Question(try Parameters(request.params, allowing: Question.parameters), context)
        let tag = "\"\(question.images.first?.content.description ?? "")-\(question.side)\""
        let known = head.headers[canonicalForm: "if-none-match"]
        var response: HTTPResponse
        if known.contains(where: { $0 == tag || $0 == "W/" + tag || $0 == "*" }) {
            response = HTTPResponse(.notModified, MethodAnswer.png.rawValue, ByteBuffer())
        } else {
            let picture = try await question.picture(context)
            response = HTTPResponse(.ok, MethodAnswer.png.rawValue, picture.bytes)
        }
        response.headers.replaceOrAdd(name: "cache-control", value: "private, no-cache")
        response.headers.replaceOrAdd(name: "etag", value: tag)
        response.headers.add(contentsOf: protections)
        return response
    }
}
