public import NIOCore
import UnmaskModel

/// What the service makes of bytes that nobody vouches for, without sockets or models: for tools that try it with bytes
/// of their own (`fuzz/`).
public enum UntrustedBytes {
    private static let limits = RequestFramer.Limits(lineBytes: 512, payloadBytes: 256, frames: 4)

    /// The requests and refusals of the line protocol that a stream holds, as text, whatever the pieces it comes in.
    ///
    /// The id of a line that is too long is left out: whether it is known when the line is refused depends on the pieces.
    public static func requests(in pieces: some Sequence<ByteBuffer>) -> [String] {
        var framer = RequestFramer(limits: limits)
        var events: [String] = []
        for piece in pieces {
            framer.append(piece)
            while let event = framer.next() {
                events.append(text(event))
                if case .foreign = event { return events }
            }
            precondition(framer.bufferedBytes <= 512 + 256 + 1, "the framer holds more than a line and a payload")
        }
        while let event = framer.finish() { events.append(text(event)) }
        return events
    }

    private static func text(_ event: RequestFramer.Event) -> String {
        switch event {
        case .request(let request):
            "\(request.method) \(String(describing: request.id)) \(request.frames.map { Array($0.readableBytesView) })"
        case .rejected(let rejected):
            rejected.error.type == .lineTooLong
                ? rejected.error.type.rawValue : "\(rejected.error.type.rawValue) \(rejected.id)"
        case .foreign(let foreign): "\(foreign)"
        }
    }

    /// Reads one value as the service reads a line.
    ///
    /// - Throws: why it is refused.
    public static func parseJSON(_ bytes: UnsafeRawBufferPointer) throws(ServiceError) {
        _ = try JSONParser.parse(bytes)
    }

    /// Puts the service's HTTP handlers into a channel, on its event loop, and a handler above them that answers each
    /// request at once: with 200 and its number, from 1 on, in `x-number`, or as the service refuses it. What a request
    /// asks of a method is read as well.
    public static func serveHTTP(on channel: any Channel) throws {
        let configuration = ServiceConfiguration(tcp: ServiceConfiguration.TCPAddress(port: 0))
        let tokens = try TokenStore(path: nil)
        let bodyBytes = 1024
        let pipeline = HTTPPipeline(
            bodyBytes: bodyBytes,
            times: HTTPRequestTimer.Limits(firstRequest: .seconds(10), request: .seconds(60), idle: .seconds(60)),
            headerBytes: 1024,
            gate: HTTPGate(
                .open, tokens, bodyBytes: bodyBytes, .init(address: .init(port: 0)), isLoopback: true),
            metrics: ServiceMetrics(), clock: SystemClock())
        let account = try ByteGate.add(to: channel, ByteBank(configuration.byteLimits))
        try pipeline.configure(channel, account)
        try channel.pipeline.syncOperations.addHandler(NumberingHandler(account))
    }

    private final class NumberingHandler: ChannelInboundHandler {
        typealias InboundIn = HTTPRequest
        typealias OutboundOut = HTTPResponse

        private let account: ByteAccount
        private var count = 0

        init(_ account: ByteAccount) { self.account = account }

        func handlerRemoved(context: ChannelHandlerContext) { account.close() }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let request = unwrapInboundIn(data)
            count += 1
            if request.refusal == nil { readQuestion(request) }
            var response =
                request.refusal?.response(to: request.head)
                ?? .json(.ok) { $0.field("bytes", request.body.readableBytes) }
            response.headers.add(name: "x-number", value: String(count))
            response.closes = request.isLast || !request.head.isKeepAlive
            context.writeAndFlush(wrapOutboundOut(response), promise: nil)
            if response.closes { context.channel.close(promise: nil) }
        }

        /// Of a model of 4 pixels.
        private static func inference(_ request: HTTPRequest) throws -> InferenceQuestion {
            let model = ModelInterface(
                imageSize: [2, 2], channels: 1, shapes: [.mean: [4], .tokens: [4, 4]], pooling: .mean, classes: 2)
            return try InferenceQuestion(
                try InferenceBody(request.head, request.body), of: "a", model, limit: UntrustedBytes.limits.frames)
        }

        private func readQuestion(_ request: HTTPRequest) {
            let question = try? MethodQuestion(request.head, request.body)
            for isAnsweredByBytes in [false, true] {
                guard let asked = try? question?.request(.embed, isAnsweredByBytes: isAnsweredByBytes) else { continue }
                precondition(asked.frames.reduce(0) { $0 + $1.readableBytes } <= request.body.readableBytes)
            }
            if let asked = try? Self.inference(request) {
                let frames = asked.input.framed.frames
                precondition(frames.reduce(0) { $0 + $1.readableBytes } <= request.body.readableBytes)
                for output in asked.outputs { precondition(asked.request(output).frames.count == frames.count) }
            }
            if let asked = try? RPCRoute.request(request.body, UntrustedBytes.limits) {
                precondition(asked.frames.reduce(0) { $0 + $1.readableBytes } < request.body.readableBytes)
            }
        }
    }
}
