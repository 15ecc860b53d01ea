import NIOCore

/// Where a server really listens.
public enum BoundAddress: Sendable, Equatable, CustomStringConvertible {
    case unix(path: String)
    case tcp(host: String, port: Int)

    public var description: String {
        switch self {
        case .unix(let path): path
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        }
    }
}

extension BoundAddress {
    /// What a socket that was asked to listen on an address, perhaps with port 0, was given.
    static func bound(
        _ channel: any Channel, _ resolved: SocketAddress, _ asked: ServiceConfiguration.TCPAddress
    ) -> BoundAddress {
        .tcp(host: resolved.ipAddress ?? asked.host, port: channel.localAddress?.port ?? asked.port)
    }
}
