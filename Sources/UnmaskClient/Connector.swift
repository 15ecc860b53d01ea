package import NIOCore
import NIOPosix

/// Opens connections to a server.
package enum Connector {
    /// - Parameter initialize: adds the handlers that speak the protocol; encryption is added before them.
    package static func connect(
        to address: ServerAddress, _ options: ClientOptions, on group: any EventLoopGroup,
        initialize: @escaping @Sendable (any Channel) throws -> Void
    ) async throws -> any Channel {
        let encryption: ClientEncryption? = try ClientEncryption(options)
        let bootstrap = ClientBootstrap(group: group)
            .connectTimeout(TimeAmount(options.connectTimeout))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try encryption?.add(to: channel, of: address)
                    try initialize(channel)
                }
            }
        do {
            return switch address {
            case .unix(let path): try await bootstrap.connect(unixDomainSocketPath: path).get()
            case .tcp(let host, let port): try await bootstrap.connect(host: host, port: port).get()
            }
        } catch {
            throw ServiceClientError.cannotConnect(address, reason: "\(error)")
        }
    }
}
