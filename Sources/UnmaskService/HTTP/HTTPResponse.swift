import NIOCore
import NIOHTTP1

/// One whole answer.
struct HTTPResponse: Sendable {
    var status: HTTPResponseStatus
    var headers: HTTPHeaders
    var body: ByteBuffer
    /// Whether the connection ends with this answer.
    var closes = false

    init(_ status: HTTPResponseStatus, _ contentType: String, _ body: ByteBuffer) {
        self.status = status
        headers = ["content-type": contentType, "cache-control": "no-store"]
        self.body = body
    }

    /// A JSON object.
    static func json(
        _ status: HTTPResponseStatus, _ members: (inout JSONWriter) -> Void
    ) -> HTTPResponse {
        var json = JSONWriter()
        json.object(members)
        var body = json.buffer
        body.writeStaticString("\n")
        return HTTPResponse(status, "application/json", body)
    }
}
