import NIOCore
import NIOHTTP1

/// Gathers the parts of a request into a whole one, and takes an answer apart again.
///
/// It holds at most one body within its limit. A request whose head shows that it will be refused is answered at once.
/// A short body is skipped then and the connection goes on; behind a longer one it is closed, after a part of the body
/// was taken so that the client gets to read the answer. A client that is silent, idle for too long, or that does not
/// finish a request it began, is closed.
final class HTTPExchangeHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPRequest
    typealias OutboundIn = HTTPResponse
    typealias OutboundOut = HTTPServerResponsePart

    /// A body that is skipped for the sake of the connection.
    private static let skippedBytes = 256 << 10

    private let bodyBytes: Int
    private let gate: HTTPGate
    private let wire: HTTPWire
    private let account: ByteAccount
    private let metrics: ServiceMetrics
    private let clock: any ServiceClock
    private var head: HTTPRequestHead?
    private var refusal: HTTPError?
    private var body = ByteBuffer()
    private var isArriving = false
    /// Whether the request that arrives was passed on, before its end or at it.
    private var isDelivered = false
    private var isAnswering = false
    private var isClosing = false
    private var timer: HTTPRequestTimer
    private var lingering = HTTPLingeringClose()

    init(
        bodyBytes: Int, _ times: HTTPRequestTimer.Limits, _ gate: HTTPGate, _ wire: HTTPWire, _ account: ByteAccount,
        _ metrics: ServiceMetrics, _ clock: any ServiceClock
    ) {
        self.bodyBytes = bodyBytes
        timer = HTTPRequestTimer(times, clock)
        self.gate = gate
        self.wire = wire
        self.account = account
        self.metrics = metrics
        self.clock = clock
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer.opened(on: context.eventLoop) { bound.value.0.isOverdue($0, bound.value.1) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer.stop()
        finishClose(context)
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer.stop()
        finishClose(context)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is HTTPByteCounter.RequestBegan where !isAnswering && !isClosing: timer.requestBegan()
        case let skipped as HTTPByteCounter.Skipped: drop(skipped.bytes, context)
        default: break
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): begin(head, context)
        case .body(let bytes): append(bytes, context)
        case .end: end(context)
        }
    }

    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        guard !isClosing else { return }
        self.head = head
        body = ByteBuffer()
        refusal = nil
        isArriving = true
        isDelivered = false
        lingering.requestBegan()
        timer.headCame()
        do throws(HTTPError) {
            try gate.check(head)
            guard head.expectsContinue else { return }
            let goOn = HTTPResponseHead(version: head.version, status: .continue)
            context.writeAndFlush(wrapOutboundOut(.head(goOn)), promise: nil)
        } catch {
            refusal = error
            let length = head.contentLength ?? 0
            let isShort = length <= Self.skippedBytes && !head.headers.contains(name: "transfer-encoding")
            deliver(context, isLast: !isShort || head.expectsContinue || error.code == "invalid_http")
        }
    }

    private func append(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        var bytes = bytes
        if refusal == nil, body.readableBytes + bytes.readableBytes > bodyBytes {
            refusal = HTTPError(.bodyTooLarge(bodyBytes))
            account.remove(wire.dropped(body.readableBytes))
            body = ByteBuffer()
            deliver(context, isLast: true)
        }
        if refusal == nil, !isClosing {
            body.writeBuffer(&bytes)
        } else {
            drop(bytes.readableBytes, context)
        }
    }

    private func drop(_ bytes: Int, _ context: ChannelHandlerContext) {
        account.remove(wire.dropped(bytes))
        if lingering.dropped(bytes) { finishClose(context) }
    }

    private func end(_ context: ChannelHandlerContext) {
        isArriving = false
        account.completed()
        if lingering.isPending { return finishClose(context) }
        if isDelivered {
            // Its answer is written already, unless it is still being made.
            if !isAnswering { skipped(context) }
        } else if !isClosing {
            deliver(context)
        }
    }

    /// The body that nobody wanted is over; the next request may come.
    private func skipped(_ context: ChannelHandlerContext) {
        account.remove(wire.answered())
        awaitRequest()
    }

    private func awaitRequest() {
        if isArriving {
            timer.bodyIsSkipped()
        } else if wire.isWithinRequest {
            timer.requestBegan()
        } else {
            timer.requestIsAwaited()
        }
    }

    private func deliver(_ context: ChannelHandlerContext, isLast: Bool = false) {
        guard let head, !isDelivered else { return }
        timer.requestCame()
        isDelivered = true
        isAnswering = true
        if isLast { isClosing = true }
        let request = HTTPRequest(
            head: head, body: body, received: clock.now, refusal: refusal, isLast: isLast || head.method == .CONNECT)
        body = ByteBuffer()
        context.fireChannelRead(wrapInboundOut(request))
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        var response = unwrapOutboundIn(data)
        let request = head
        head = nil
        isAnswering = false
        if wire.isBroken { response.closes = true }
        if response.closes { isClosing = true }
        awaitRequest()
        let taken = promise ?? context.eventLoop.makePromise()
        write(response, to: request, context, taken)
        guard wire.isBroken else { return }
        // Whoever answers does not know that nothing can follow.
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        taken.futureResult.whenComplete { _ in bound.value.0.closeBehindError(bound.value.1) }
    }

    private func write(
        _ response: HTTPResponse, to request: HTTPRequestHead?, _ context: ChannelHandlerContext,
        _ taken: EventLoopPromise<Void>
    ) {
        let size = response.body.readableBytes
        let question = isArriving ? 0 : wire.answered()
        account.add(size)
        taken.futureResult.whenComplete { [account] _ in account.remove(size + question) }
        var head = response.head(answering: request)
        gate.origins.share(&head.headers, with: request)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if request?.method != .HEAD, response.body.readableBytes > 0 {
            context.write(wrapOutboundOut(.body(.byteBuffer(response.body))), promise: nil)
        }
        context.write(wrapOutboundOut(.end(nil)), promise: taken)
    }

    /// What is not HTTP gets an answer, after which the connection is closed.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // The parser's fault is known, or waits for an answer to be written.
        if case ByteToMessageDecoderError.dataReceivedInErrorState(_, let bytes) = error {
            return drop(bytes.readableBytes, context)
        }
        guard let answer = HTTPError(malformed: wire.fault ?? error) else {
            isClosing = true
            return context.close(promise: nil)
        }
        wire.isBroken = true
        // The answer that is being made is the last one.
        guard !isAnswering, !isClosing else {
            isClosing = true
            return
        }
        if !(isArriving && isDelivered) { refuse(answer, context) }
        isClosing = true
        closeBehindError(context)
    }

    /// A client that has sent much is likely to be sending more.
    private func closeBehindError(_ context: ChannelHandlerContext) {
        isArriving = wire.received >= account.bank.limits.read
        close(context: context, mode: .all, promise: nil)
    }

    private func refuse(_ error: HTTPError, _ context: ChannelHandlerContext) {
        var response = error.response(to: head)
        response.closes = true
        isClosing = true
        write(response, to: head, context, context.eventLoop.makePromise())
        context.flush()
    }

    private func isOverdue(_ overdue: HTTPRequestTimer.Overdue, _ context: ChannelHandlerContext) {
        switch overdue {
        case .request: return requestIsOverdue(context)
        case .firstRequest: metrics.turnedAway(.silent)
        case .idle: break
        }
        context.close(promise: nil)
    }

    private func requestIsOverdue(_ context: ChannelHandlerContext) {
        guard account.isWaiting, head != nil, !isDelivered else { return context.close(promise: nil) }
        metrics.turnedAway(.bytes)
        metrics.error(.overloaded)
        refuse(HTTPError(.noRoom), context)
        close(context: context, mode: .all, promise: nil)
    }

    /// Where a body is still coming, the close waits.
    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard !lingering.joins(promise) else { return }
        guard mode == .all, context.channel.isActive, isArriving, isClosing, lingering.mayBegin else {
            return context.close(mode: mode, promise: promise)
        }
        timer.stop()
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        lingering.begin(promise, on: context.eventLoop, clock) { bound.value.0.finishClose(bound.value.1) }
        context.read()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // Whoever took the requests has gone.
        if lingering.isPending { context.read() }
        context.fireChannelReadComplete()
    }

    private func finishClose(_ context: ChannelHandlerContext) {
        guard let close = lingering.end() else { return }
        isArriving = false
        context.close(promise: close)
    }
}

extension HTTPRequestHead {
    fileprivate var expectsContinue: Bool { headers[canonicalForm: "expect"].contains("100-continue") }
}
