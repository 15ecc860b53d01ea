import NIOCore
import NIOHTTP1

/// What stands between the bytes of a connection and the parts that the parser makes of them: how many bytes belong to
/// which request, and what the parser alone lets pass.
final class HTTPWire {
    enum Fault: Error {
        /// TLS on a port that speaks in the clear.
        case tls
        /// A request line that names another protocol.
        case foreign
        /// Chunk sizes, extensions and white space beyond what the body needs.
        case framingTooLarge
    }

    /// Bytes around a body: all headers may have as many, and so may what stands between chunks; a byte in a chunk of
    /// its own takes five more.
    private static let framingPerBodyByte = 8

    private let framingBytes: Int
    /// Bytes that came since the last request ended, as far as they were not let go.
    private(set) var unfinished = 0
    /// Bytes of the requests that have ended and are not answered yet, the first first.
    private var finished = CircularBuffer<Int>()
    /// What is wrong with the connection's bytes, where it is not the parser that says so.
    private(set) var fault: Fault?
    /// Whether nothing that comes is read any more.
    var isBroken = false
    /// Whether the parser is being replaced, so that what comes has to wait.
    fileprivate(set) var isChangingParsers = false
    /// Bytes that came since the last request ended.
    private(set) var received = 0
    private var bodyBytes = 0
    private var isFirst = true
    private var pieces = HTTPPieces()

    init(headerBytes: Int) {
        framingBytes = 2 * headerBytes
    }

    /// Whether there is a beginning of a request that has not ended.
    var isWithinRequest: Bool { received > 0 }

    fileprivate func came(_ bytes: ByteBuffer) {
        received += bytes.readableBytes
        unfinished += bytes.readableBytes
    }

    /// - Throws: what the parser would throw, where there is a fault.
    fileprivate func began(_ bytes: ByteBuffer) throws {
        if isFirst, ForeignProtocol.isTLS(bytes.readableBytesView) {
            (fault, isBroken) = (.tls, true)
            throw HTTPParserError.invalidMethod
        }
        isFirst = false
    }

    /// - Returns: bytes of one request alone, from the front of those that have come.
    fileprivate func piece(of bytes: inout ByteBuffer) -> ByteBuffer? { pieces.next(of: &bytes) }

    /// - Throws: as above.
    fileprivate func parsed() throws {
        guard isBroken || !pieces.isForeign else {
            (fault, isBroken) = (.foreign, true)
            throw HTTPParserError.invalidVersion
        }
        let framing = received - bodyBytes
        guard isBroken || framing <= framingBytes + Self.framingPerBodyByte * bodyBytes + Int(UInt16.max) else {
            (fault, isBroken) = (.framingTooLarge, true)
            throw HTTPParserError.invalidChunkSize
        }
    }

    fileprivate func head(_ head: HTTPRequestHead) { pieces.headEnded(head) }

    fileprivate func body(_ bytes: Int) { bodyBytes += bytes }

    fileprivate func end() {
        pieces.requestEnded()
        finished.append(unfinished)
        (received, unfinished, bodyBytes) = (0, 0, 0)
    }

    /// Bytes of the request that arrives were dropped.
    func dropped(_ bytes: Int) -> Int {
        let dropped = min(bytes, unfinished)
        unfinished -= dropped
        return dropped
    }

    /// The first request that has ended is answered. Returns what it held.
    func answered() -> Int { finished.popFirst() ?? 0 }
}

/// Below the parser: counts the bytes that it gets, which are those of one request at a time.
final class HTTPByteCounter: ChannelDuplexHandler {
    /// Bytes of a new request have come.
    struct RequestBegan {}

    /// Bytes have come that nobody reads.
    struct Skipped {
        var bytes: Int
    }

    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer

    private let wire: HTTPWire
    /// What has come while the parser was being replaced.
    private var waiting = ByteBuffer()

    init(_ wire: HTTPWire) {
        self.wire = wire
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        if waiting.readableBytes > 0 {
            waiting.writeBuffer(&bytes)
        } else {
            pass(bytes, context)
        }
    }

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        guard event is HTTPPartCounter.ParserReplaced else {
            return context.triggerUserOutboundEvent(event, promise: promise)
        }
        promise?.succeed()
        guard waiting.readableBytes > 0 else { return }
        let bytes = waiting
        waiting = ByteBuffer()
        pass(bytes, context)
        context.fireChannelReadComplete()
    }

    private func pass(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        var bytes = bytes
        do {
            if !wire.isBroken { try wire.began(bytes) }
            while !wire.isBroken, !wire.isChangingParsers, let piece = wire.piece(of: &bytes) {
                let isNew = !wire.isWithinRequest
                wire.came(piece)
                if isNew { context.fireUserInboundEventTriggered(RequestBegan()) }
                context.fireChannelRead(wrapInboundOut(piece))
                try wire.parsed()
            }
        } catch {
            context.fireErrorCaught(error)
        }
        guard bytes.readableBytes > 0 else { return }
        if wire.isBroken {
            wire.came(bytes)
            context.fireUserInboundEventTriggered(Skipped(bytes: bytes.readableBytes))
        } else {
            waiting = bytes
        }
    }
}

/// Above the parser, which stops for good behind a request that offers to upgrade to another protocol: that offer is
/// declined, as HTTP allows, and a new parser takes what follows.
final class HTTPPartCounter: ChannelInboundHandler {
    /// The new parser has its place: what waited for it may come.
    struct ParserReplaced {}

    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart

    private let wire: HTTPWire
    private let makeParser: () -> ByteToMessageHandler<HTTPRequestDecoder>
    private var parser: ByteToMessageHandler<HTTPRequestDecoder>
    private var offersUpgrade = false

    init(_ wire: HTTPWire, _ makeParser: @escaping () -> ByteToMessageHandler<HTTPRequestDecoder>) {
        self.wire = wire
        self.makeParser = makeParser
        parser = makeParser()
    }

    /// Adds the first parser, and this.
    func add(to pipeline: ChannelPipeline.SynchronousOperations) throws {
        try pipeline.addHandlers([parser, self])
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            wire.head(head)
            offersUpgrade = head.offersUpgrade
        case .body(let bytes): wire.body(bytes.readableBytes)
        case .end:
            wire.end()
            if offersUpgrade { replaceParser(context) }
        }
        context.fireChannelRead(data)
    }

    private func replaceParser(_ context: ChannelHandlerContext) {
        let (old, new) = (parser, makeParser())
        do {
            try context.pipeline.syncOperations.addHandler(new, position: .after(old))
        } catch {
            return context.fireErrorCaught(error)
        }
        parser = new
        wire.isChangingParsers = true
        let bound = NIOLoopBound((wire, context), eventLoop: context.eventLoop)
        context.pipeline.syncOperations.removeHandler(old).whenComplete { _ in
            let (wire, context) = bound.value
            wire.isChangingParsers = false
            context.triggerUserOutboundEvent(ParserReplaced(), promise: nil)
        }
    }
}

extension HTTPRequestHead {
    /// Whether the parser takes what follows for another protocol. What follows CONNECT is one, and is never read.
    fileprivate var offersUpgrade: Bool {
        headers.contains(name: "upgrade")
            && headers[canonicalForm: "connection"].contains { $0.lowercased() == "upgrade" }
    }
}
