import Foundation
import Logging
import Synchronization
import Testing

@testable import UnmaskService

/// The log on descriptors that cannot be written. Before each write there is nothing that could wait.
@Suite(.timeLimit(.minutes(3))) struct LogOutputTests {
    /// Both ends of a pipe.
    private static func pipe() throws -> (reader: CInt, writer: CInt) {
        var ends: [CInt] = [0, 0]
        try #require(Glibc.pipe(&ends) == 0)
        return (ends[0], ends[1])
    }

    private static func output(
        _ descriptor: CInt, now: @escaping @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now }
    ) -> LogOutput {
        LogOutput(descriptor: descriptor, format: .text, queueBytes: 10_000, now: now)
    }

    /// Reads lines until one is `last`.
    private static func lines(_ descriptor: CInt, until last: String) -> [String] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while !bytes.suffix(last.utf8.count + 1).elementsEqual((last + "\n").utf8) {
            let count = read(descriptor, &chunk, chunk.count)
            guard count > 0 else { break }
            bytes += chunk[..<count]
        }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// Tries until the condition holds; only a fault lets it end otherwise.
    private static func eventually(_ condition: () -> Bool) -> Bool {
        for _ in 0..<30_000 {
            if condition() { return true }
            usleep(1000)
        }
        return false
    }

    @Test func whatNobodyReadsIsDroppedCountedAndToldOfLater() async throws {
        let (reader, writer) = try Self.pipe()
        defer { close(reader) }
        let output = Self.output(writer)
        close(writer)
        var written = 0
        func write(_ text: String) -> Bool {
            let before = output.drops
            output.write(text: text)
            written += 1
            return output.drops == before
        }
        for index in 0..<10_000 { _ = write("line \(index) of a log that nobody reads\n") }
        #expect(output.drops[.unread] ?? 0 > 0 && output.drops.count == 1)

        async let read = Self.lines(reader, until: "end")
        #expect(Self.eventually { write("end\n") })
        let lines = await read
        let told = lines.compactMap { $0.firstMatch(of: /unmask: (\d+) lines? dropped$/).flatMap { Int($0.1) } }
        #expect(told.reduce(0, +) == output.drops[.unread])
        #expect(lines.count - told.count + told.reduce(0, +) == written)
        #expect(lines.first == "line 0 of a log that nobody reads")
        output.close(atMost: .seconds(30))
    }

    @Test(arguments: [LogDrop.closed, .noSpace])
    func aDescriptorThatFailsHarmsNobody(reason: LogDrop) throws {
        let descriptor: CInt
        if reason == .closed {
            let (reader, writer) = try Self.pipe()
            close(reader)
            descriptor = writer
        } else {
            descriptor = open("/dev/full", O_WRONLY)
        }
        let output = Self.output(descriptor)
        close(descriptor)
        let isDropped = Self.eventually {
            output.write(text: String(repeating: "x", count: 999) + "\n")
            return output.drops[reason] ?? 0 > 0
        }
        #expect(isDropped, "\(output.drops)")
        let samples = output.metrics.samples
        #expect(samples.count == LogDrop.allCases.count)
        #expect(samples.first { $0.labels.first?.value == reason.rawValue }?.value ?? 0 > 0)
        output.close(atMost: .seconds(30))
    }

    /// A named pipe can be closed and get another reader.
    @Test func whatWaitedIsWrittenWhenThereIsAReaderAgain() async throws {
        let directory = try LiveServer.temporaryDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let path = directory + "/fifo"
        try #require(mkfifo(path, 0o600) == 0)
        let first = open(path, O_RDONLY | O_NONBLOCK)
        let writer = open(path, O_WRONLY)
        let output = Self.output(writer)
        close(writer)
        close(first)
        output.write(text: "while nobody was there\n")
        #expect(
            Self.eventually {
                output.write(text: String(repeating: "x", count: 999) + "\n")
                return output.drops[.closed] ?? 0 > 0
            })
        let second = open(path, O_RDONLY)
        defer { close(second) }
        let reading = Task { Self.lines(second, until: "end") }
        #expect(
            Self.eventually {
                let before = output.drops
                output.write(text: "end\n")
                return output.drops == before
            })
        let lines = await reading.value
        #expect(lines.first == "while nobody was there")
        #expect(lines.contains { $0.contains("dropped") })
        output.close(atMost: .seconds(30))
    }

    @Test func repeatedWarningsAreLimitedByKindAndPeer() async throws {
        let (reader, writer) = try Self.pipe()
        defer { close(reader) }
        let time = Mutex(ContinuousClock.now)
        let output = LogOutput(
            descriptor: writer, format: .text, queueBytes: 1 << 20, now: { time.withLock(\.self) })
        close(writer)
        let logger = Logger(label: "test") { LineLogHandler(label: $0, level: .trace, output: output) }
        for _ in 0..<1000 { logger.warning("refused", metadata: ["peer": "a"]) }
        for _ in 0..<5 { logger.warning("refused", metadata: ["peer": "b"]) }
        for _ in 0..<50 { logger.info("not a warning", metadata: ["peer": "a"]) }
        time.withLock { $0 += RepeatLimiter.interval }
        logger.warning("refused", metadata: ["peer": "a"])
        output.write(text: "end\n")
        let lines = Self.lines(reader, until: "end")
        #expect(lines.count { $0.contains("refused peer=a") } == RepeatLimiter.burst + 1)
        #expect(lines.count { $0.contains("refused peer=b") } == 5)
        #expect(lines.count { $0.contains("not a warning") } == 50)
        let suppressed = 1000 - RepeatLimiter.burst
        #expect(lines.contains { $0.hasSuffix("refused peer=a suppressed=\(suppressed)") })
        #expect(output.drops == [.repeated: suppressed])

        // The rest is told when it is quiet, without a line of that kind.
        for _ in 0..<3 { logger.warning("refused", metadata: ["peer": "a"]) }
        time.withLock { $0 += RepeatLimiter.quiet }
        let told = Self.lines(reader, until: "peer=a suppressed=3")
        #expect(told.last?.contains("repeated lines left out kind=refused peer=a suppressed=3") == true)
        output.close(atMost: .seconds(30))
    }

    #if TLS
        @Test func aStrangerCannotFillTheLog() async throws {
            let directory = try LiveServer.temporaryDirectory()
            defer { try? FileManager.default.removeItem(atPath: directory) }
            let (configuration, certificate) = try ExposedServer.configured(in: directory)
            let tls = try certificate.trustingContext()
            #expect(FileManager.default.createFile(atPath: directory + "/log", contents: nil))
            let file = open(directory + "/log", O_WRONLY)
            let start = ContinuousClock.now
            let output = LogOutput(descriptor: file, format: .text, queueBytes: 1 << 20, now: { start })
            close(file)
            let logger = Logger(label: "test") { LineLogHandler(label: $0, level: .info, output: output) }
            let tries = RepeatLimiter.burst + 15
            try await LiveServer.running(FakeBackend(), configuration, logger: logger) { server in
                for _ in 0..<tries {
                    try await LineClient.connected(to: ExposedServer.local(server.tcp), tls: tls) { client in
                        try await client.send(ExposedServer.hello("wrong-horse-battery-staple-0123456789ab"))
                        #expect(try await client.receive()?.error?.type == "unauthorized")
                    }
                }
            }
            output.close(atMost: .seconds(30))
            let log = try String(contentsOfFile: directory + "/log", encoding: .utf8).split(separator: "\n")
            #expect(log.count { $0.contains("request failed peer=127.0.0.1 type=unauthorized") } == RepeatLimiter.burst)
            #expect(output.drops == [.repeated: 15])
        }
    #endif
}
