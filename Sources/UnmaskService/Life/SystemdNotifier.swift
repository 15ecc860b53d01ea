import Foundation

/// Tells systemd how the service is: sd_notify(3), which is one datagram to the socket that NOTIFY_SOCKET names.
struct SystemdNotifier: Sendable {
    enum State: Sendable, Equatable {
        case ready
        /// At a moment of the monotonic clock, so that systemd tells this reload from an earlier one's end.
        case reloading(monotonicMicroseconds: UInt64)
        case stopping
        case watchdog
        /// What `systemctl status` shows.
        case status(String)

        var text: String {
            switch self {
            case .ready: "READY=1"
            case .reloading(let time): "RELOADING=1\nMONOTONIC_USEC=\(time)"
            case .stopping: "STOPPING=1"
            case .watchdog: "WATCHDOG=1"
            case .status(let text): "STATUS=" + text.replacing("\n", with: " ")
            }
        }
    }

    /// A path, or `@` and an abstract name.
    private let socketPath: String
    /// How often systemd wants to hear `WATCHDOG=1`: half of WATCHDOG_USEC, as sd_watchdog_enabled(3) advises. Nil
    /// where the unit has no watchdog, or it is another process's.
    let watchdogInterval: Duration?

    /// Nil where nobody listens, which is to say, not under systemd.
    init?(environment: [String: String] = ProcessInfo.processInfo.environment) {
        guard let path = environment["NOTIFY_SOCKET"],
            path.utf8.count < MemoryLayout.size(ofValue: sockaddr_un().sun_path),
            path.hasPrefix("/") || path.hasPrefix("@")
        else { return nil }
        socketPath = path
        let isOurs = environment["WATCHDOG_PID"].map { $0 == String(getpid()) } ?? true
        let microseconds = environment["WATCHDOG_USEC"].flatMap(Int64.init) ?? 0
        watchdogInterval = isOurs && microseconds > 0 ? .microseconds(microseconds / 2) : nil
    }

    /// Sends and forgets: a service does not fail because its manager does not listen.
    func send(_ states: State...) {
        let message = states.map(\.text).joined(separator: "\n")
        let descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var path = Array(socketPath.utf8)
        if path.first == UInt8(ascii: "@") { path[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        // An abstract name ends where the length says, not at a zero.
        let length = MemoryLayout.offset(of: \sockaddr_un.sun_path).map { $0 + path.count } ?? 0
        withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                _ = sendto(descriptor, message, message.utf8.count, CInt(MSG_NOSIGNAL), address, socklen_t(length))
            }
        }
    }
}
