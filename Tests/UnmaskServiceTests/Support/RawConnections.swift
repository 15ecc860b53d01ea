import NIOCore
import NIOPosix

@testable import UnmaskService

/// Connections that send some bytes and then nothing.
struct RawConnections {
    let channels: [any Channel]

    static func open(_ count: Int, to address: BoundAddress, sending bytes: [UInt8] = []) async throws -> RawConnections
    {
        var channels: [any Channel] = []
        for _ in 0..<count {
            let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .connect(to: address.socketAddress()).get()
            if !bytes.isEmpty { try? await channel.writeAndFlush(ByteBuffer(bytes: bytes)) }
            channels.append(channel)
        }
        return RawConnections(channels: channels)
    }

    var open: Int { channels.count(where: \.isActive) }

    func close() { for channel in channels { channel.close(promise: nil) } }
}
