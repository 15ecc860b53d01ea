import Foundation
import NIOCore
import Testing

@testable import UnmaskService

/// All connections together hold no more than they may, and everybody is answered or refused by name.
@Suite(.timeLimit(.minutes(3))) struct ByteBudgetTests {
    private static let payload = 256 << 10
    private static let total = 1 << 20

    private static func configuration(_ clock: ManualClock) -> ServiceConfiguration {
        .withHTTP {
            $0.clock = clock
            $0.limits.connections = 100
            $0.limits.connectionsPerAddress = 100
            $0.limits.lineBytes = 4096
            $0.limits.payloadBytes = payload
            $0.limits.totalBytes = total
            $0.limits.queuedImages = 10_000
        }
    }

    private static func head(_ id: Int, _ bytes: Int) -> String {
        #"{"id":\#(id),"method":"embed","params":{"images":[{"frame":0}]},"bytes":[\#(bytes)]}"# + "\n"
    }

    private static func held(_ client: inout LineClient) async throws -> Double {
        let answer = try await client.http("GET", "/metrics")
        let text = try #require(answer).text
        let held = try PrometheusParser(text).value("unmask_held_bytes")
        return try #require(held)
    }

    /// Clients that send all they have, one after another as they come through: far more than may be held.
    @Test(arguments: ["tcp", "unix", "http"])
    func manyLargeRequestsAreAnsweredWithinTheTotal(door: String) async throws {
        let image = Array(repeating: UInt8(7), count: 150_000)
        try await LiveServer.running(FakeBackend(), Self.configuration(ManualClock())) { server in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for id in 0..<30 {
                    group.addTask {
                        if door == "http" {
                            try await LineClient.connected(to: server.http) { client in
                                let body = HTTPText.embeddings([image])
                                let answer = try await client.http("POST", "/v1/embeddings", body: body)
                                #expect(answer?.status == 200)
                            }
                        } else {
                            try await LineClient.connected(to: door == "tcp" ? server.tcp : server.unix) { client in
                                try await client.send(bytes: Array(Self.head(id, image.count).utf8) + image)
                                let result = try await client.receive()?.result?.results?.first
                                #expect(result?.embedding == .numbers(FakeBackend.digest(of: image)))
                            }
                        }
                    }
                }
                try await LineClient.connected(to: server.http) { watcher in
                    for _ in 0..<50 {
                        let held = try await Self.held(&watcher)
                        #expect(held <= Double(Self.total))
                    }
                }
                try await group.waitForAll()
            }
            try await LineClient.connected(to: server.http) { watcher in
                for _ in 0..<2000 {
                    // This request itself is held while it is answered.
                    if try await Self.held(&watcher) < 1000 { return }
                    try await Task.sleep(for: .milliseconds(5))
                }
                Issue.record("bytes were never let go")
            }
        }
    }

    /// Many stop half-way through a large frame. A small request gets through all the same, and so does a large one, at
    /// the latest when those who stopped have had their time.
    @Test func whoStopsHalfWayStopsNobodyElse() async throws {
        let image = Array(repeating: UInt8(7), count: 200_000)
        let clock = ManualClock()
        try await LiveServer.running(FakeBackend(), Self.configuration(clock)) { server in
            let half = Array(Self.head(1, image.count).utf8) + image.prefix(120_000)
            var stopped: [RawConnections] = []
            // A write that is not taken would wait for its end.
            for _ in 0..<20 {
                let one = try await RawConnections.open(1, to: server.tcp)
                one.channels[0].writeAndFlush(ByteBuffer(bytes: half), promise: nil)
                stopped.append(one)
            }
            defer { for one in stopped { one.close() } }
            try await LineClient.connected(to: server.http) { watcher in
                while try await Self.held(&watcher) < Double(Self.total) / 4 {
                    try await Task.sleep(for: .milliseconds(2))
                }
                for _ in 0..<20 {
                    let held = try await Self.held(&watcher)
                    #expect(held <= Double(Self.total))
                    try await LineClient.connected(to: server.tcp) { client in
                        try await client.send(bytes: (Self.head(2, 3) + "abc").utf8)
                        let small = try await client.receive()
                        #expect(small?.result?.failed == 0)
                    }
                }
                let answer = try await watcher.http("GET", "/metrics")
                let pauses = try PrometheusParser(answer?.text ?? "").value("unmask_read_pauses_total")
                #expect(pauses ?? 0 > 0)
            }
            try await LineClient.connected(to: server.tcp) { large in
                try await large.send(bytes: Array(Self.head(3, image.count).utf8) + image.prefix(100_000))
                clock.advance(by: .seconds(61))
                // Those that are told why have a moment to read it.
                try await eventually {
                    clock.advance(by: .seconds(1))
                    return stopped.allSatisfy { $0.open == 0 }
                }
                // It was refused by name with the others, or it had not begun when the time passed; or it was being read, and
                // is closed as one that comes too slowly.
                try? await large.send(bytes: image.dropFirst(100_000))
                let answer = try? await large.receive()
                #expect(answer == nil || answer?.result?.failed == 0 || answer?.error?.type == "overloaded")
            }
            try await LineClient.connected(to: server.tcp) { large in
                try await large.send(bytes: Array(Self.head(4, image.count).utf8) + image)
                let answer = try await large.receive()
                #expect(answer?.result?.failed == 0)
            }
        }
    }
}
