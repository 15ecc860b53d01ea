import NIOCore
import UnmaskClient

/// One connection of a load: takes requests, and tells the generator of every answer.
final class LoadConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private unowned let generator: LoadGenerator
    /// What opens a connection: the token is shown, and no answer asked for.
    private let greeting: EncodedRequest?
    private var framer = ReplyFramer(maximumBytes: 1 << 30)
    private var context: ChannelHandlerContext?

    init(_ generator: LoadGenerator, greeting: EncodedRequest?) {
        self.generator = generator
        self.greeting = greeting
    }

    var isOpen: Bool { context != nil }

    func send(_ request: EncodedRequest, id: Int) {
        context?.write(NIOAny(EncodedRequest.head(id: id)), promise: nil)
        context?.writeAndFlush(NIOAny(request.rest), promise: nil)
    }

    func close() {
        context?.close(promise: nil)
    }

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        if let greeting { context.writeAndFlush(NIOAny(greeting.notification), promise: nil) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        framer.append(unwrapInboundIn(data))
        do throws(ServiceClientError) {
            while let event = try framer.next() { generator.received(event, on: self) }
        } catch {
            context.close(promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.context = nil
        generator.connectionEnded()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
