/// Why a server cannot start as it was configured.
public enum ConfigurationError: Error, Equatable, CustomStringConvertible {
    case noListener
    case limit(name: String, value: Int, allowed: ClosedRange<Int>)
    case timeout(name: String)
    case allowedPathMissing(String)
    case addressNotLoopback(String)
    case socketPathTooLong(String, maximum: Int)
    case socketInUse(String)
    case notASocket(String)
    case cannotListen(String, reason: String)

    public var description: String {
        switch self {
        case .noListener:
            "nothing to listen on: name a Unix socket or a TCP address"
        case .limit(let name, let value, let allowed):
            "\(name) is \(value), it must be from \(allowed.lowerBound) to \(allowed.upperBound)"
        case .timeout(let name):
            "the \(name) timeout must be longer than zero"
        case .allowedPathMissing(let path):
            "the allowed path \(path) is not a directory that can be read"
        case .addressNotLoopback(let host):
            "\(host) can be reached from other machines, and this port has neither authentication nor encryption: "
                + "listen on 127.0.0.1 or a Unix socket, or accept the risk explicitly"
        case .socketPathTooLong(let path, let maximum):
            "the socket path \(path) is longer than the \(maximum) bytes that the system allows: choose a shorter one"
        case .socketInUse(let path):
            "another server is listening on \(path): stop it, or choose another path"
        case .notASocket(let path):
            "\(path) exists and is not a socket: it was left alone, choose another path"
        case .cannotListen(let address, let reason):
            "cannot listen on \(address): \(reason)"
        }
    }
}
