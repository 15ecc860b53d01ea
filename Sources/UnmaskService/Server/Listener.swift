import NIOCore
import NIOPosix

/// A socket that accepts connections.
struct Listener: Sendable {
    typealias AsyncChannel = NIOAsyncChannel<Connection.AsyncChannel, Never>

    let address: BoundAddress
    let asyncChannel: AsyncChannel

    /// Only the server's own user can open the Unix socket, and may do everything.
    var rights: ConnectionRights {
        switch address {
        case .unix: ConnectionRights(mayCall: true, mayAdminister: true)
        case .tcp: ConnectionRights(mayCall: true, mayAdminister: false)
        }
    }

    static func unix(_ path: String, on group: any EventLoopGroup) async throws -> Listener {
        let socket = try UnixSocketFile(path: path).bind()
        do {
            let channel = try await bootstrap(group).bind(socket, childChannelInitializer: wrap)
            return Listener(address: .unix(path: path), asyncChannel: channel)
        } catch {
            throw ConfigurationError.cannotListen(path, reason: "\(error)")
        }
    }

    static func tcp(
        _ address: ServiceConfiguration.TCPAddress, acceptRemote: Bool, on group: any EventLoopGroup
    ) async throws -> Listener {
        let resolved = try resolve(address)
        guard acceptRemote || resolved.isLoopback else { throw ConfigurationError.addressNotLoopback(address.host) }
        do {
            let channel = try await bootstrap(group).bind(to: resolved, childChannelInitializer: wrap)
            let port = channel.channel.localAddress?.port ?? address.port
            return Listener(address: .tcp(host: resolved.ipAddress ?? address.host, port: port), asyncChannel: channel)
        } catch {
            throw ConfigurationError.cannotListen("\(address.host):\(address.port)", reason: "\(error)")
        }
    }

    /// Stops accepting; the connections stay.
    func close() {
        asyncChannel.channel.close(promise: nil)
        if case .unix(let path) = address { UnixSocketFile(path: path).remove() }
    }

    private static func resolve(_ address: ServiceConfiguration.TCPAddress) throws -> SocketAddress {
        do {
            return try SocketAddress.makeAddressResolvingHost(address.host, port: address.port)
        } catch {
            throw ConfigurationError.cannotListen("\(address.host):\(address.port)", reason: "\(error)")
        }
    }

    private static func bootstrap(_ group: any EventLoopGroup) -> ServerBootstrap {
        ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
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
