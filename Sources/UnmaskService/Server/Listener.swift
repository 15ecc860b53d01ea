import NIOCore
import NIOPosix

/// A socket that accepts connections.
struct Listener: Sendable {
    typealias AsyncChannel = Connection.Accepted.Listening

    let door: Door
    let address: BoundAddress
    let access: ListenerAccess
    let transport: Transport
    let asyncChannel: AsyncChannel

    /// The file of a Unix socket.
    private let file: UnixSocketFile?

    static func unix(
        _ path: String, _ report: AcceptReport, _ bank: ByteBank, on group: any EventLoopGroup
    ) async throws -> Listener {
        let (descriptor, file) = try UnixSocketFile.listen(at: path)
        do {
            let channel = try await bootstrap(group, report, bank)
                .childChannelOption(.allowRemoteHalfClosure, value: true)
                .bind(descriptor) { channel in
                    channel.eventLoop.makeCompletedFuture { try Connection.Accepted(channel, bank) }
                }
            return Listener(
                door: .owner, address: .unix(path: path), access: .owner, transport: .unix, asyncChannel: channel,
                file: file)
        } catch {
            file.remove()
            throw ConfigurationError.cannotListen(path, reason: "\(error)")
        }
    }

    static func tcp(
        _ address: ServiceConfiguration.TCPAddress, _ control: AccessControl, _ report: AcceptReport, _ bank: ByteBank,
        on group: any EventLoopGroup
    ) async throws -> Listener {
        let resolved = try resolve(address)
        let access = try control.listener(address.host, resolved)
        do {
            let channel = try await bootstrap(group, report, bank)
                .childChannelOption(.allowRemoteHalfClosure, value: true)
                .bind(to: resolved) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try control.secure(channel)
                        return try Connection.Accepted(channel, bank)
                    }
                }
            return Listener(
                door: .line, address: .bound(channel.channel, resolved, address), access: access, transport: .tcp,
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

    /// Connections are read in pieces of a size that the bank knows.
    static func bootstrap(_ group: any EventLoopGroup, _ report: AcceptReport, _ bank: ByteBank) -> ServerBootstrap {
        ServerBootstrap(group: group)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptFailureHandler(report))
                }
            }
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(
                .recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: bank.limits.read))
    }
}

extension AcceptedConnection<ByteBuffer> {
    /// Wraps a new connection of the line protocol, on its event loop.
    fileprivate init(_ channel: any Channel, _ bank: ByteBank) throws {
        let account = try ByteGate.add(to: channel, bank)
        self.init(
            channel: try NIOAsyncChannel(wrappingChannelSynchronously: channel), account: account,
            peer: PeerAddress(channel.remoteAddress))
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
