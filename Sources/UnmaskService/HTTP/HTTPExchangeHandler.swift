import NIOCore
import NIOHTTP1

/// Gathers the parts of a request into a whole one, and takes an answer apart again.
///
/// It holds at most one body within its limit; a longer one is skipped, so that the connection survives. A client that
/// is idle for too long, or that does not finish a request it began, is closed.
final class HTTPExchangeHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPRequest
    typealias OutboundIn = HTTPResponse
    typealias OutboundOut = HTTPServerResponsePart

    struct Limits: Sendable {
        var bodyBytes: @Sendable (HTTPRequestHead) -> Int
        /// For a request to arrive, from the first line on.
        var request: Duration
        /// For the next request to begin.
        var idle: Duration
    }

    private let limits: Limits
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()
    private var bodyLimit = 0
    private var isTooLarge = false
    private var isAnswering = false
    private var alarm: (any Alarm)?
    private let clock: any ServiceClock

    init(limits: Limits, clock: any ServiceClock) {
        self.limits = limits
        self.clock = clock
    }

    func handlerAdded(context: ChannelHandlerContext) {
        // Covers TLS's handshake and the headers of the first request as well.
        setAlarm(limits.idle, context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        alarm?.cancel()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): begin(head, context)
        case .body(let bytes): append(bytes)
        case .end: finish(context)
        }
    }

    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        self.head = head
        body = ByteBuffer()
        let announced = head.headers.first(name: "content-length").flatMap(Int.init) ?? 0
        bodyLimit = limits.bodyBytes(head)
        isTooLarge = announced > bodyLimit
        setAlarm(limits.request, context)
        guard head.headers[canonicalForm: "expect"].contains("100-continue") else { return }
        if isTooLarge { return finish(context, isLast: true) }
        let goOn = HTTPResponseHead(version: head.version, status: .continue)
        context.writeAndFlush(wrapOutboundOut(.head(goOn)), promise: nil)
    }

    private func append(_ bytes: ByteBuffer) {
        var bytes = bytes
        isTooLarge = isTooLarge || body.readableBytes + bytes.readableBytes > bodyLimit
        if isTooLarge { body = ByteBuffer() } else { body.writeBuffer(&bytes) }
    }

    private func finish(_ context: ChannelHandlerContext, isLast: Bool = false) {
        guard let head, !isAnswering else { return }
        alarm?.cancel()
        isAnswering = true
        let request = HTTPRequest(head: head, body: body, received: clock.now, isTooLarge: isTooLarge, isLast: isLast)
        body = ByteBuffer()
        context.fireChannelRead(wrapInboundOut(request))
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let response = unwrapOutboundIn(data)
        let request = head
        self.head = nil
        isAnswering = false
        setAlarm(limits.idle, context)
        write(response, to: request, context, promise)
    }

    private func write(
        _ response: HTTPResponse, to request: HTTPRequestHead?, _ context: ChannelHandlerContext,
        _ promise: EventLoopPromise<Void>?
    ) {
        var headers = response.headers
        headers.replaceOrAdd(name: "content-length", value: String(response.body.readableBytes))
        if response.closes || request?.isKeepAlive == false {
            headers.replaceOrAdd(name: "connection", value: "close")
        } else if request?.version == .http1_0 {
            headers.replaceOrAdd(name: "connection", value: "keep-alive")
        }
        let head = HTTPResponseHead(version: .http1_1, status: response.status, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if request?.method != .HEAD, response.body.readableBytes > 0 {
            context.write(wrapOutboundOut(.body(.byteBuffer(response.body))), promise: nil)
        }
        context.write(wrapOutboundOut(.end(nil)), promise: promise)
    }

    /// What is not HTTP gets an answer, after which the decoder closes the connection.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let error = error as? HTTPParserError, !isAnswering {
            var response = OpenAIError(malformed: error).response
            response.closes = true
            write(response, to: head, context, nil)
            context.flush()
        }
        context.close(promise: nil)
    }

    private func setAlarm(_ timeout: Duration, _ context: ChannelHandlerContext) {
        alarm?.cancel()
        let channel = context.channel
        alarm = clock.schedule(after: timeout, on: context.eventLoop) { channel.close(promise: nil) }
    }
}
