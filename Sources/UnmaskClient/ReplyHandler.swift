import NIOCore

/// Hands what comes from the server to the calls that wait for it.
final class ReplyHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let calls: PendingCalls
    private var framer: ReplyFramer

    init(_ calls: PendingCalls, maximumReplyBytes: Int) {
        self.calls = calls
        framer = ReplyFramer(maximumBytes: maximumReplyBytes)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        framer.append(unwrapInboundIn(data))
        do throws(ServiceClientError) {
            while let event = try framer.next() { try calls.deliver(event) }
        } catch {
            calls.end(error)
            context.close(promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        calls.end(.connectionClosed)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        calls.end(.connectionFailed("\(error)"))
        context.close(promise: nil)
    }
}
