import Foundation
import Logging
import Synchronization
import Testing

@testable import UnmaskService

/// What a service manager hears on its socket.
@Suite(.timeLimit(.minutes(3))) struct SystemdTests {
    @Test(arguments: ["path", "abstract"])
    func notificationsArriveAsWholeDatagrams(kind: String) throws {
        let directory = try LiveServer.temporaryDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let name = kind == "path" ? directory + "/notify" : "@unmask-test-" + directory.suffix(12)
        let manager = try NotificationSocket(name)
        let notifier = try #require(SystemdNotifier(environment: ["NOTIFY_SOCKET": name]))
        notifier.send(.ready, .status("two\nlines"))
        #expect(manager.receive() == "READY=1\nSTATUS=two lines")
        notifier.send(.reloading(monotonicMicroseconds: 42))
        #expect(manager.receive() == "RELOADING=1\nMONOTONIC_USEC=42")
        notifier.send(.stopping)
        #expect(manager.receive() == "STOPPING=1")
        #expect(notifier.watchdogInterval == nil)
    }

    @Test func theWatchdogIsFedOnlyWhileTheServiceIsHealthy() async throws {
        let directory = try LiveServer.temporaryDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let manager = try NotificationSocket(directory + "/notify")
        let environment = [
            "NOTIFY_SOCKET": directory + "/notify", "WATCHDOG_USEC": "20000", "WATCHDOG_PID": "\(getpid())",
        ]
        let notifier = try #require(SystemdNotifier(environment: environment))
        #expect(notifier.watchdogInterval == .milliseconds(10))
        let isHealthy = Mutex(true)
        let log = LogCapture()
        let supervision = Supervision(
            notifier: notifier, problems: { isHealthy.withLock(\.self) ? [] : ["wedged"] }, logger: log.logger())
        let feeding = Task { await supervision.feedWatchdog() }
        for _ in 0..<3 { #expect(manager.receive() == "WATCHDOG=1") }
        isHealthy.withLock { $0 = false }
        // What was sent before may still be on its way.
        while manager.receive() == "WATCHDOG=1" {}
        for _ in 0..<5 { #expect(manager.receive() == "STATUS=wedged") }
        #expect(log.text.contains("wedged"))
        isHealthy.withLock { $0 = true }
        while manager.receive() == "STATUS=wedged" {}
        #expect(manager.receive() == "WATCHDOG=1")
        feeding.cancel()
        await feeding.value
    }

    @Test func withoutAManagerNothingIsSent() {
        #expect(SystemdNotifier(environment: [:]) == nil)
        #expect(SystemdNotifier(environment: ["NOTIFY_SOCKET": "relative"]) == nil)
        #expect(SystemdNotifier(environment: ["NOTIFY_SOCKET": "/" + String(repeating: "x", count: 200)]) == nil)
        let other = ["NOTIFY_SOCKET": "/none", "WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"]
        let notifier = SystemdNotifier(environment: other)
        #expect(notifier?.watchdogInterval == nil, "another process's watchdog")
        notifier?.send(.ready)
    }
}

/// The socket that systemd would listen on.
final class NotificationSocket: Sendable {
    private let descriptor: CInt

    /// - Parameter name: a path, or `@` and an abstract name.
    init(_ name: String) throws {
        descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var path = Array(name.utf8)
        if path.first == UInt8(ascii: "@") { path[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + path.count)
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
        }
        var timeout = timeval(tv_sec: 120, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        guard bound == 0 else { throw CocoaError(.fileWriteUnknown) }
    }

    deinit { close(descriptor) }

    /// The next datagram, or nil where none comes within two minutes.
    func receive() -> String? {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = recv(descriptor, &bytes, bytes.count, 0)
        return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
    }
}
