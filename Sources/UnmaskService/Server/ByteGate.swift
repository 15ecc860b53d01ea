import NIOCore

/// Lets a connection be read while the `ByteBank` allows it, and counts what was read.
final class ByteGate: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = Never

    private var account: ByteAccount?
    private var context: ChannelHandlerContext?
    private var isReadPending = false

    /// Puts a gate into a new connection, above TLS. On the connection's event loop.
    ///
    /// - Returns: the connection's account, which whoever serves the connection closes at its end.
    static func add(to channel: any Channel, _ bank: ByteBank) throws -> ByteAccount {
        let gate = ByteGate()
        let loop = channel.eventLoop
        let bound = NIOLoopBound(gate, eventLoop: loop)
        let account = bank.open { loop.execute { bound.value.resume() } }
        gate.account = account
        try channel.pipeline.syncOperations.addHandler(gate)
        return account
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func read(context: ChannelHandlerContext) {
        if account?.mayRead() ?? true { context.read() } else { isReadPending = true }
    }

    /// The bank has granted the read that waits.
    private func resume() {
        guard isReadPending else { return }
        isReadPending = false
        context?.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        account?.received(bytes.readableBytes)
        // A short piece does not keep the room of a whole read: what is counted is what is held.
        let isShort = bytes.readableBytes < bytes.storageCapacity / 2
        context.fireChannelRead(isShort ? wrapInboundOut(ByteBuffer(bytes: bytes.readableBytesView)) : data)
    }
}
