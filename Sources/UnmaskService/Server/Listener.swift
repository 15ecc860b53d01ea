import NIOCore
import NIOPosix

/// A socket that accepts connections.
struct Listener: Sendable {
    typealias AsyncChannel = NIOAsyncChannel<Connection.AsyncChannel, Never>

    let address: BoundAddress
    let access: ListenerAccess
    let transport: Transport
    let asyncChannel: AsyncChannel

    /// The file of a Unix socket.
    private let file: UnixSocketFile?

    static func unix(
        _ path: String, _ report: AcceptReport, on group: any EventLoopGroup
    ) async throws -> Listener {
        let (descriptor, file) = try UnixSocketFile.listen(at: path)
        do {
            let channel = try await bootstrap(group, report)
                .childChannelOption(.allowRemoteHalfClosure, value: true)
                .bind(descriptor, childChannelInitializer: wrap)
            return Listener(
                address: .unix(path: path), access: .owner, transport: .unix, asyncChannel: channel, file: file)
        } catch {
            file.remove()
            throw ConfigurationError.cannotListen(path, reason: "\(error)")
        }
    }

    static func tcp(
        _ address: ServiceConfiguration.TCPAddress, _ control: AccessControl, _ report: AcceptReport,
        on group: any EventLoopGroup
    ) async throws -> Listener {
        let resolved = try resolve(address)
        let access = try control.listener(address.host, resolved)
        do {
            let channel = try await bootstrap(group, report)
                .childChannelOption(.allowRemoteHalfClosure, value: true)
                .bind(to: resolved) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try control.secure(channel)
                        return try Connection.AsyncChannel(wrappingChannelSynchronously: channel)
                    }
                }
            return Listener(
                address: .bound(channel.channel, resolved, address), access: access, transport: .tcp,
                asyncChannel: channel, file: nil)
        } catch {
            throw ConfigurationError.cannotListen("\(address)", reason: "\(error)")
        }
    }

    /// Stops accepting; the connections stay.
    func close() {
        file?.remove()
        asyncChannel.channel.close(promise: nil)
    }

    static func resolve(_ address: ServiceConfiguration.TCPAddress) throws -> SocketAddress {
        do {
            return try SocketAddress.makeAddressResolvingHost(address.host, port: address.port)
        } catch {
            throw ConfigurationError.cannotListen("\(address)", reason: "\(error)")
        }
    }

    static func bootstrap(_ group: any EventLoopGroup, _ report: AcceptReport) -> ServerBootstrap {
        ServerBootstrap(group: group)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptFailureHandler(report))
                }
            }
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
    }

    @Sendable private static func wrap(_ channel: any Channel) -> EventLoopFuture<Connection.AsyncChannel> {
        channel.eventLoop.makeCompletedFuture {
            try Connection.AsyncChannel(wrappingChannelSynchronously: channel)
        }
    }
}

extension SocketAddress {
    var isLoopback: Bool {
        switch self {
        case .v4(let address):
            // 127.0.0.0/8, in network byte order.
            UInt32(bigEndian: address.address.sin_addr.s_addr) >> 24 == 127
        case .v6:
            ipAddress == "::1"
        default:
            false
        }
    }
}
