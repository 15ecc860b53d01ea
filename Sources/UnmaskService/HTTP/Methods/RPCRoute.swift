import NIOCore
import NIOHTTP1

/// `POST /rpc`: one request of the service's own protocol, as it would be written to the socket, with the frames that it
/// announces behind its line. The answer's bytes are the socket's too.
struct RPCRoute: Sendable {
    let handler: RequestHandler

    func respond(to asked: AuthorizedRequest) async throws(ServiceError) -> HTTPResponse {
        let content = try asked.content(limit: handler.configuration.limits.payloadBytes)
        defer { content.release() }
        do throws(RejectedRequest) {
            var request = try Self.request(content.bytes, handler.configuration.framing)
            request.trace = request.trace ?? asked.request.trace
            let answer = await handler.answer(request, from: asked.connection, received: asked.request.received)
            // A notification has no answer.
            guard let answer else { return HTTPResponse(.accepted, Self.json, ByteBuffer()) }
            return Self.response(answer)
        } catch {
            return Self.response(handler.answer(error, from: asked.connection.peer))
        }
    }

    private static let json = "application/json"

    /// One line is JSON; a line with frames behind it is bytes.
    private static func response(_ answer: ByteBuffer) -> HTTPResponse {
        let line = answer.readableBytesView.firstIndex(of: UInt8(ascii: "\n"))
        let isLine = line == answer.readableBytesView.indices.last
        return HTTPResponse(.ok, isLine ? json : "application/octet-stream", answer)
    }

    /// - Parameters:
    ///   - body: the request as JSON of any form, or in one line with frames behind it.
    ///   - limits: on the frames; of JSON the body's own limit is enough.
    static func request(_ body: ByteBuffer, _ limits: RequestFramer.Limits) throws(RejectedRequest) -> Request {
        var rest = body
        let end = body.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) ?? body.writerIndex
        let line = rest.readSlice(length: end - body.readerIndex) ?? body
        rest.moveReaderIndex(forwardBy: min(1, rest.readableBytes))
        let read = RequestLine(parsing: line)
        guard read.frameLengths.isEmpty else { return try framed(read, rest, limits) }
        // What goes on behind the first line is JSON, too.
        return try framed(rest.readableBytes == 0 ? read : RequestLine(parsing: body), ByteBuffer(), limits)
    }

    private static func framed(
        _ line: RequestLine, _ frames: ByteBuffer, _ limits: RequestFramer.Limits
    ) throws(RejectedRequest) -> Request {
        var request = try line.request.get()
        if let refusal = limits.refusal(of: request, frames: line.frameLengths) { throw refusal }
        var rest = frames
        for length in line.frameLengths {
            guard let frame = rest.readSlice(length: length) else {
                throw .invalid(
                    request.id ?? .null,
                    "bytes announces \(line.frameLengths.reduce(0, +)) bytes behind the line, the body has "
                        + "\(frames.readableBytes)")
            }
            request.frames.append(frame)
        }
        guard rest.readableBytes == 0 else {
            throw .invalid(
                request.id ?? .null, "the body has \(rest.readableBytes) bytes more than its request announces")
        }
        return request
    }
}
