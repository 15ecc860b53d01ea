package import NIOCore
import NIOPosix
import NIOSSL

/// Opens connections to a server.
package enum Connector {
    /// - Parameter initialize: adds the handlers that speak the protocol; encryption is added before them.
    package static func connect(
        to address: ServerAddress, _ options: ClientOptions, on group: any EventLoopGroup,
        initialize: @escaping @Sendable (any Channel) throws -> Void
    ) async throws -> any Channel {
        let tls = try context(options)
        let bootstrap = ClientBootstrap(group: group)
            .connectTimeout(TimeAmount(options.connectTimeout))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls {
                        let handler = try NIOSSLClientHandler(
                            context: tls, serverHostname: serverName(address, options))
                        try channel.pipeline.syncOperations.addHandler(handler)
                    }
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

    private static func context(_ options: ClientOptions) throws -> NIOSSLContext? {
        guard let tls = options.tls else { return nil }
        var configuration = TLSConfiguration.makeClientConfiguration()
        if let file = tls.trustedCertificates { configuration.trustRoots = .file(file) }
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw ServiceClientError.invalidRequest(
                "the certificates to trust, \(tls.trustedCertificates ?? "the system's"), cannot be read: \(error)")
        }
    }

    /// Nil for a numeric address, which SNI does not take.
    private static func serverName(_ address: ServerAddress, _ options: ClientOptions) -> String? {
        if let name = options.tls?.serverName { return name }
        guard case .tcp(let host, _) = address, (try? SocketAddress(ipAddress: host, port: 0)) == nil else {
            return nil
        }
        return host
    }
}
