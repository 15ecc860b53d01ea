import NIOCore
import NIOHTTP1
import NIOPosix

/// The socket that accepts HTTP connections.
struct HTTPListener: Sendable {
    typealias AsyncChannel = NIOAsyncChannel<HTTPConnection.AsyncChannel, Never>

    let address: BoundAddress
    let access: ListenerAccess
    let asyncChannel: AsyncChannel

    static func bind(
        _ settings: ServiceConfiguration.HTTP, _ configuration: ServiceConfiguration, _ control: AccessControl,
        _ report: AcceptReport, on group: any EventLoopGroup
    ) async throws -> HTTPListener {
        let resolved = try Listener.resolve(settings.address)
        let access = try control.listener(settings.address.host, resolved)
        let limits = HTTPExchangeHandler.Limits(
            bodyBytes: { access.bodyLimit($0, control.tokens, configuration.limits) },
            request: configuration.timeouts.request, idle: settings.keepAlive)
        do {
            let channel = try await Listener.bootstrap(group, report).bind(to: resolved) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try control.secure(channel)
                    return try configure(channel, limits, configuration.clock, headerBytes: settings.headerBytes)
                }
            }
            return HTTPListener(
                address: .bound(channel.channel, resolved, settings.address), access: access, asyncChannel: channel)
        } catch {
            throw ConfigurationError.cannotListen("\(settings.address)", reason: "\(error)")
        }
    }

    private static func configure(
        _ channel: any Channel, _ limits: HTTPExchangeHandler.Limits, _ clock: any ServiceClock, headerBytes: Int
    ) throws -> HTTPConnection.AsyncChannel {
        var headers = NIOHTTPDecoderLimitConfiguration()
        headers.maxHeaderFieldSize = headerBytes
        headers.maxHeaderListSize = headerBytes
        headers.maxHeaderFieldCount = 100
        let pipeline = channel.pipeline.syncOperations
        try pipeline.configureHTTPServerPipeline(
            withPipeliningAssistance: true, withErrorHandling: false, withOutboundHeaderValidation: true,
            withEncoderConfiguration: .init(), withDecoderLimitConfiguration: headers)
        try pipeline.addHandler(HTTPExchangeHandler(limits: limits, clock: clock))
        return try HTTPConnection.AsyncChannel(wrappingChannelSynchronously: channel)
    }

    /// Stops accepting; the connections stay.
    func close() {
        asyncChannel.channel.close(promise: nil)
    }
}
