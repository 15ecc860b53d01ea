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

    /// What goes before the body, as the request's version and its `Connection` have it.
    ///
    /// - Parameter request: nil where none was read.
    func head(answering request: HTTPRequestHead?) -> HTTPResponseHead {
        var headers = headers
        // Of one without a body the length would be that of the body which the client has.
        if status != .notModified {
            headers.replaceOrAdd(name: "content-length", value: String(body.readableBytes))
        }
        if closes || request?.isKeepAlive == false {
            headers.replaceOrAdd(name: "connection", value: "close")
        } else if request?.version == .http1_0 {
            headers.replaceOrAdd(name: "connection", value: "keep-alive")
        }
        return HTTPResponseHead(version: .http1_1, status: status, headers: headers)
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
