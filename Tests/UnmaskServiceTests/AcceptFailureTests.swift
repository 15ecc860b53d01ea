import Foundation
import Logging
import NIOCore
import NIOPosix
import Testing

@testable import UnmaskService

@Suite(.timeLimit(.minutes(3))) struct AcceptFailureTests {
    /// A client's end of a Unix socket.
    private final class Caller {
        let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)

        init(_ path: String) throws {
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
            var patience = timeval(tv_sec: 20, tv_usec: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
            let connected = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            try #require(connected == 0)
        }

        deinit { close(descriptor) }

        /// Whether the server answers; false where it has closed the connection, nil where nothing comes.
        func asks() -> Bool? {
            let line = Array(#"{"id":1,"method":"health"}"#.utf8) + [0x0A]
            guard send(descriptor, line, line.count, CInt(MSG_NOSIGNAL)) == line.count else { return false }
            var bytes = [UInt8](repeating: 0, count: 4096)
            let count = recv(descriptor, &bytes, bytes.count, 0)
            if count < 0, errno == EAGAIN { return nil }
            return count > 0
        }
    }

    @Test func withoutDescriptorsAServerSaysSoDoesNotSpinAndGoesOn() async throws {
        let directory = try LiveServer.temporaryDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        #expect(FileManager.default.createFile(atPath: directory + "/log", contents: nil))
        let log = try #require(FileHandle(forWritingAtPath: directory + "/log"))
        let server = try ServeProcess(
            in: directory, before: "ulimit -n 64;", ["--http", "127.0.0.1:0"], standardError: log)
        #expect(server.listens())
        var callers = try (0..<100).map { _ in try Caller(server.socket) }
        let answers = callers.map { $0.asks() }
        #expect(answers.contains(true), "some are served")
        #expect(answers.contains(false), "some are turned away")
        #expect(!answers.contains(nil), "nobody waits for nothing")
        let before = server.ticks
        usleep(1_000_000)
        // A loop that spins uses a hundred.
        #expect(server.ticks - before < 50)
        callers.removeAll()

        var isServed = false
        for _ in 0..<500 where !isServed { isServed = try Caller(server.socket).asks() == true }
        #expect(isServed)
        let text = try String(contentsOfFile: directory + "/log", encoding: .utf8)
        #expect(text.split(separator: "\n").count { $0.contains("connections cannot be accepted") } == 1, "\(text)")
        let port = try #require(text.firstMatch(of: /127\.0\.0\.1:(\d+)/).flatMap { Int($0.1) })
        try await LineClient.connected(to: .tcp(host: "127.0.0.1", port: port)) { client in
            let metrics = try PrometheusParser(try await client.http("GET", "/metrics")?.text ?? "")
            #expect(metrics.value("unmask_accept_failures_total", ["reason": "descriptors"]) ?? 0 > 0)
        }
        #expect(server.end(by: SIGTERM) == 0)
    }

    @Test func aSocketIsLeftAloneForAMomentWhereThereIsNoMemory() async throws {
        let log = LogCapture()
        let metrics = ServiceMetrics()
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let clock = ManualClock()
        let report = AcceptReport(metrics: metrics, logger: log.logger(), clock: clock)
        let bank = ByteBank(ServiceConfiguration().byteLimits)
        let channel = try await Listener.bootstrap(loop, report, bank).bind(host: "127.0.0.1", port: 0) { child in
            child.eventLoop.makeCompletedFuture {
                try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: child)
            }
        }
        @Sendable func isReading(failing failures: Int = 0) async throws -> Bool? {
            try await loop.submit {
                for _ in 0..<failures {
                    channel.channel.pipeline.fireErrorCaught(IOError(errnoCode: ENOBUFS, reason: "accept"))
                }
                return try channel.channel.syncOptions?.getOption(.autoRead)
            }.get()
        }
        // One line a minute, whatever happens in it.
        for minute in 1...3 {
            for _ in 0..<5 {
                #expect(try await isReading(failing: 20) == false)
                clock.advance(by: AcceptFailureHandler.pause - .milliseconds(1))
                #expect(try await isReading() == false)
                clock.advance(by: .milliseconds(1))
                #expect(try await isReading() == true)
            }
            #expect(log.lines.count == minute && log.text.contains("no memory"))
            clock.advance(by: AcceptFailureHandler.silence)
        }
        #expect(clock.waiting == 0)
        // A connection gets through.
        let port = try #require(channel.channel.localAddress?.port)
        async let client = ClientBootstrap(group: loop).connect(host: "127.0.0.1", port: port).get()
        try await channel.executeThenClose { connections in
            for try await connection in connections {
                try await connection.executeThenClose { _, _ in }
                break
            }
        }
        try? await client.close()
    }
}
