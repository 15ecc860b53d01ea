import NIOCore
import NIOHTTP1
import NIOPosix

/// The socket that accepts HTTP connections.
struct HTTPListener: Sendable {
    typealias AsyncChannel = HTTPConnection.Accepted.Listening

    let address: BoundAddress
    let access: ListenerAccess
    let asyncChannel: AsyncChannel

    static func bind(
        _ settings: ServiceConfiguration.HTTP, _ configuration: ServiceConfiguration, _ control: AccessControl,
        _ report: AcceptReport, _ bank: ByteBank, on group: any EventLoopGroup
    ) async throws -> HTTPListener {
        let resolved = try Listener.resolve(settings.address)
        let access = try control.listener(settings.address.host, resolved)
        let gate = HTTPGate(
            access, control.tokens, bodyBytes: configuration.limits.payloadBytes, settings,
            isLoopback: resolved.isLoopback)
        let pipeline = HTTPPipeline(
            bodyBytes: configuration.limits.payloadBytes,
            times: HTTPRequestTimer.Limits(
                firstRequest: configuration.timeouts.firstRequest, request: configuration.timeouts.request,
                idle: settings.keepAlive),
            headerBytes: settings.headerBytes, gate: gate, metrics: report.metrics,
            clock: configuration.clock)
        do {
            let channel = try await Listener.bootstrap(group, report, bank).bind(to: resolved) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try control.secure(channel)
                    let account = try ByteGate.add(to: channel, bank)
                    try pipeline.configure(channel, account)
                    return HTTPConnection.Accepted(
                        channel: try NIOAsyncChannel(wrappingChannelSynchronously: channel), account: account,
                        peer: PeerAddress(channel.remoteAddress))
                }
            }
            return HTTPListener(
                address: .bound(channel.channel, resolved, settings.address), access: access, asyncChannel: channel)
        } catch {
            throw ConfigurationError.cannotListen("\(settings.address)", reason: "\(error)")
        }
    }

    /// Stops accepting; the connections stay.
    func close() {
        asyncChannel.channel.close(promise: nil)
    }
}
