import NIOCore

/// Where a connection comes from, as far as it can be told apart: an IPv4 address, or the /64 of an IPv6 one, which is
/// what a single host is given. A Unix socket's peers are one user.
enum PeerAddress: Hashable, Sendable {
    case v4(UInt32)
    case v6(prefix: UInt64)

    init?(_ address: SocketAddress?) {
        switch address {
        case .v4(let address):
            self = .v4(UInt32(bigEndian: address.address.sin_addr.s_addr))
        case .v6(let address):
            self = withUnsafeBytes(of: address.address.sin6_addr) { bytes in
                let high = UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self))
                let low = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
                // ::ffff:a.b.c.d is IPv4 on a socket that takes both.
                return high == 0 && low >> 32 == 0xFFFF ? .v4(UInt32(truncatingIfNeeded: low)) : .v6(prefix: high)
            }
        default:
            return nil
        }
    }
}
