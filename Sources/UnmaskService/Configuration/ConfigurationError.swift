/// Why a server cannot start as it was configured.
public enum ConfigurationError: Error, Equatable, CustomStringConvertible {
    case noListener
    case limit(name: String, value: Int, allowed: ClosedRange<Int>)
    case timeout(name: String)
    case allowedPathMissing(String)
    /// An address that others can reach, without what protects it there.
    case addressExposed(String, lacksToken: Bool, lacksTLS: Bool)
    case hostUnusable(String)
    case originUnusable(String)
    case tokenUnusable(String, reason: String)
    /// A file that must be secret and is not, or cannot be read.
    case secretUnusable(String, _ secret: String, reason: String)
    case tlsIncomplete
    case tlsFileUnusable(String, reason: String)
    case certificateExpired(String, at: String)
    case certificateNotYetValid(String, before: String)
    case keyMismatch(certificate: String, key: String, reason: String)
    case socketPathTooLong(String, maximum: Int)
    case socketInUse(String)
    case notASocket(String)
    case cannotListen(String, reason: String)
    case several([ConfigurationError])

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
        case .addressExposed(let host, let lacksToken, let lacksTLS):
            "\(host) can be reached from other machines, and there is no "
                + [lacksToken ? "token (--token-file)" : nil, lacksTLS ? "TLS (--tls-certificate, --tls-key)" : nil]
                .compactMap(\.self).joined(separator: " and no ")
                + ": give it, listen on 127.0.0.1 or a Unix socket, or accept the risk with --insecure-listen"
        case .hostUnusable(let host):
            "\"\(host)\" is not a name that Host can have: give a name or an address alone, without scheme, port and path "
                + "(--allow-host)"
        case .originUnusable(let origin):
            "\"\(origin)\" is not an origin as browsers name it: give scheme, host and port alone, as https://a.name or "
                + "http://localhost:3000 (--allow-origin)"
        case .tokenUnusable(let path, let reason):
            "the token file \(path) cannot be used: \(reason); make one with: openssl rand -base64 33 > \(path)"
        case .secretUnusable(let path, let secret, let reason):
            "the \(secret) file \(path) cannot be used: \(reason)"
        case .tlsIncomplete:
            "a certificate needs its key and a key its certificate: give --tls-certificate and --tls-key together"
        case .tlsFileUnusable(let path, let reason):
            "\(path) cannot be used for TLS: \(reason)"
        case .certificateExpired(let path, let date):
            "the certificate \(path) expired at \(date): put a new one in its place"
        case .certificateNotYetValid(let path, let date):
            "the certificate \(path) is not valid before \(date): check this machine's clock, or wait"
        case .keyMismatch(let certificate, let key, let reason):
            "the key \(key) does not belong to the certificate \(certificate) (\(reason)): give the pair that was "
                + "made together"
        case .socketPathTooLong(let path, let maximum):
            "the socket path \(path) is longer than the \(maximum) bytes that the system allows: choose a shorter one"
        case .socketInUse(let path):
            "another server is listening on \(path): stop it, or choose another path"
        case .notASocket(let path):
            "\(path) exists and is not a socket: it was left alone, choose another path"
        case .cannotListen(let address, let reason):
            "cannot listen on \(address): \(reason)"
        case .several(let problems):
            "\(problems.count) things are wrong with the configuration:\n"
                + problems.map { "- \($0.description)" }.joined(separator: "\n")
        }
    }
}
