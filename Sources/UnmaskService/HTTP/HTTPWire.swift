import NIOCore
import NIOHTTP1

/// What stands between the bytes of a connection and the parts that the parser makes of them: how many bytes belong to
/// which request, and what the parser alone lets pass.
final class HTTPWire {
    enum Fault: Error {
        /// TLS on a port that speaks in the clear.
        case tls
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
    /// Bytes that came since the last request ended.
    private(set) var received = 0
    private var bodyBytes = 0
    private var isFirst = true

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

    /// - Throws: as above.
    fileprivate func parsed() throws {
        let framing = received - bodyBytes
        guard isBroken || framing <= framingBytes + Self.framingPerBodyByte * bodyBytes + Int(UInt16.max) else {
            (fault, isBroken) = (.framingTooLarge, true)
            throw HTTPParserError.invalidChunkSize
        }
    }

    fileprivate func body(_ bytes: Int) { bodyBytes += bytes }

    /// What comes next in the same piece of bytes counts as the last request's: as much as is read at once, at most.
    fileprivate func end() {
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

/// Below the parser: counts the bytes that it gets.
final class HTTPByteCounter: ChannelInboundHandler {
    /// Bytes of a new request have come.
    struct RequestBegan {}

    /// Bytes have come that nobody reads.
    struct Skipped {
        var bytes: Int
    }

    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let wire: HTTPWire

    init(_ wire: HTTPWire) {
        self.wire = wire
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        let isNew = !wire.isWithinRequest
        wire.came(bytes)
        guard !wire.isBroken else {
            return context.fireUserInboundEventTriggered(Skipped(bytes: bytes.readableBytes))
        }
        do {
            try wire.began(bytes)
            if isNew { context.fireUserInboundEventTriggered(RequestBegan()) }
            context.fireChannelRead(data)
            try wire.parsed()
        } catch {
            context.fireErrorCaught(error)
        }
    }
}

/// Above the parser, which stops for good behind a request that offers to upgrade to another protocol: that offer is
/// declined, as HTTP allows, and a new parser takes what follows.
final class HTTPPartCounter: ChannelInboundHandler {
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
        case .head(let head): offersUpgrade = head.offersUpgrade
        case .body(let bytes): wire.body(bytes.readableBytes)
        case .end:
            wire.end()
            if offersUpgrade { replaceParser(context) }
        }
        context.fireChannelRead(data)
    }

    /// The old parser gives the bytes that it has not read to the new one when it goes.
    private func replaceParser(_ context: ChannelHandlerContext) {
        let (old, new) = (parser, makeParser())
        do {
            try context.pipeline.syncOperations.addHandler(new, position: .after(old))
            parser = new
            context.pipeline.syncOperations.removeHandler(old, promise: nil)
        } catch {
            context.fireErrorCaught(error)
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
