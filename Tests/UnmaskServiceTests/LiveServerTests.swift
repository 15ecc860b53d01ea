import Foundation
import Testing

@testable import UnmaskService

/// A server on real sockets, with an engine that blocks, fails and counts.
@Suite struct LiveServerTests {
    private static func embed(_ id: Int, _ images: [[UInt8]], _ more: String = "") -> String {
        let list = images.indices.map { #"{"frame":\#($0)}"# }.joined(separator: ",")
        let lengths = images.map { "\($0.count)" }.joined(separator: ",")
        return #"{"id":\#(id),"method":"embed","params":{"images":[\#(list)]\#(more)},"bytes":[\#(lengths)]}"#
    }

    @Test(arguments: ["unix", "tcp"])
    func pipelinedConnectionsGetTheirOwnAnswers(kind: String) async throws {
        let backend = FakeBackend()
        let (connections, requests) = (32, 25)
        let checked = try await LiveServer.running(backend, .with { $0.limits.queuedImages = 10_000 }) { server in
            try await withThrowingTaskGroup(of: Int.self) { group in
                for connection in 0..<connections {
                    let address = kind == "unix" ? server.unix : server.tcp
                    group.addTask { try await Self.pipeline(requests, seed: UInt64(connection), to: address) }
                }
                return try await group.reduce(0, +)
            }
        }
        #expect(checked == connections * requests * 2)
        // Eight whole images of 49 patches and CLS, or as many tokens of masked ones.
        #expect(backend.batches.allSatisfy { $0.items.reduce(0) { $0 + 1 + $1.mask.kept } <= 8 * 50 })
        #expect(backend.batches.contains { $0.items.count > 1 }, "nothing was batched")
    }

    /// Sends all requests, of two images each and one image in twenty corrupt, before it reads an answer.
    private static func pipeline(_ count: Int, seed: UInt64, to address: BoundAddress) async throws -> Int {
        var generator = SplitMix(state: seed)
        let requests = (0..<count).map { _ in
            (0..<2).map { _ in
                let image = (0..<Int.random(in: 1...3000, using: &generator)).map { _ in
                    UInt8.random(in: 0...255, using: &generator)
                }
                return Int.random(in: 0..<20, using: &generator) == 0 ? FakeBackend.corrupt + image : image
            }
        }
        return try await LineClient.connected(to: address) { client in
            for (id, images) in requests.enumerated() {
                try await client.send(embed(id, images, id % 3 == 0 ? #","keep":0.5"# : ""), frames: images)
            }
            var seen: Set<Int> = []
            var checked = 0
            while seen.count < count {
                let answer = try #require(await client.receive())
                let id = try #require(answer.id)
                #expect(seen.insert(id).inserted, "answered twice")
                let results = try #require(answer.result?.results)
                for (image, result) in zip(requests[id], results) {
                    if image.starts(with: FakeBackend.corrupt) {
                        #expect(result.error?.type == "image_decode_failed")
                    } else {
                        #expect(result.embedding == .numbers(FakeBackend.digest(of: image)))
                    }
                    checked += 1
                }
            }
            return checked
        }
    }

    @Test func theConnectionSurvivesEveryBadLine() async throws {
        let bad: [(bytes: [UInt8], type: String)] = [
            (Array("nonsense\n".utf8), "parse_error"),
            ([0x22, 0xC3, 0x28, 0x22, 0x0A], "parse_error"),
            (Array(String(repeating: "[", count: 1000).utf8) + [0x0A], "parse_error"),
            (Array(#"{"id":1,"id":2,"method":"health"}"#.utf8) + [0x0A], "parse_error"),
            (Array(#"{"id":1,"method":"health","params":{"x":1e999999999}}"#.utf8) + [0x0A], "invalid_params"),
            (Array(#"{"id":1}"#.utf8) + [0x0A], "invalid_request"),
            (Array(repeating: 0x20, count: 1_000_000) + [0x0A], "line_too_long"),
            (
                Array(#"{"id":1,"method":"embed","bytes":[2000000]}"#.utf8) + Array(repeating: 0x0A, count: 2_000_001),
                "payload_too_large"
            ),
        ]
        try await LiveServer.running(
            FakeBackend(),
            .with {
                $0.limits.lineBytes = 100_000
                $0.limits.payloadBytes = 100_000
            }
        ) { server in
            try await LineClient.connected(to: server.unix) { client in
                for (bytes, type) in bad {
                    try await client.send(bytes: bytes)
                    #expect(try await client.receive()?.error?.type == type)
                    try await client.send(#"{"id":7,"method":"health"}"#)
                    #expect(try await client.receive()?.result?.status == "ok")
                }
            }
        }
    }

    @Test func aFullQueueRefusesAtOnce() async throws {
        let gate = Gate()
        let answers = try await LiveServer.running(
            FakeBackend(gate: gate),
            .with {
                $0.limits.imagesPerRequest = 2
                $0.limits.queuedImages = 4
                $0.limits.requestsInFlight = 100
            }
        ) { server in
            defer { gate.open() }
            return try await LineClient.connected(to: server.unix) { client in
                try await client.send(Self.embed(0, [[1]]), frames: [[1]])
                try await eventually { gate.hasWaiter }
                for id in 1...10 { try await client.send(Self.embed(id, [[1]]), frames: [[1]]) }
                var answers: [ServerAnswer] = []
                while answers.count < 11 {
                    answers.append(try #require(await client.receive()))
                    if answers.count == 6 { gate.open() }
                }
                return answers
            }
        }
        let (refused, done) = (answers.prefix(6), answers.dropFirst(6))
        #expect(refused.allSatisfy { $0.error?.type == "overloaded" && $0.error?.retryAfterMs ?? 0 > 0 })
        #expect(done.allSatisfy { $0.result?.failed == 0 })
        #expect(Set(answers.compactMap(\.id)).count == 11)
    }

    @Test func whatMissesItsDeadlineNeverRuns() async throws {
        let (gate, clock) = (Gate(), ManualClock())
        let backend = FakeBackend(gate: gate)
        let late = try await LiveServer.running(backend, .with { $0.clock = clock }) { server in
            defer { gate.open() }
            return try await LineClient.connected(to: server.unix) { client in
                try await client.send(Self.embed(0, [[1]]), frames: [[1]])
                try await eventually { gate.hasWaiter }
                try await client.send(Self.embed(1, [[2]], #","deadline_ms":20000"#), frames: [[2]])
                try await client.waitForQueue(1)
                clock.advance(by: .seconds(20))
                gate.open()
                let answers = [try #require(await client.receive()), try #require(await client.receive())]
                return try #require(answers.first { $0.id == 1 })
            }
        }
        #expect(late.result?.results?.first?.error?.type == "deadline_exceeded")
        #expect(backend.batches.flatMap(\.items).map(\.image.pixels) == [[1]])
    }

    @Test func aDisconnectCancelsWhatIsQueued() async throws {
        let gate = Gate()
        let backend = FakeBackend(gate: gate, maximumBatch: 1)
        try await LiveServer.running(backend) { server in
            defer { gate.open() }
            try await LineClient.connected(to: server.unix) { watcher in
                try await LineClient.connected(to: server.unix) { client in
                    for id in 0..<10 { try await client.send(Self.embed(id, [[UInt8(id)]]), frames: [[UInt8(id)]]) }
                    try await eventually { gate.hasWaiter }
                    try await watcher.waitForQueue(9)
                }
                try await watcher.waitForQueue(0)
            }
            gate.open()
        }
        #expect(backend.batches.count == 1)
    }

    @Test func closingTheSendingSideStillGetsEveryAnswer() async throws {
        let count = try await LiveServer.running(FakeBackend()) { server in
            try await LineClient.connected(to: server.unix) { client in
                for id in 0..<40 { try await client.send(Self.embed(id, [[UInt8(id)]]), frames: [[UInt8(id)]]) }
                client.finish()
                var count = 0
                while try await client.receive() != nil { count += 1 }
                return count
            }
        }
        #expect(count == 40)
    }

    @Test func readingStopsWhileTooMuchIsInFlight() async throws {
        let gate = Gate()
        let backend = FakeBackend(gate: gate)
        try await LiveServer.running(backend, .with { $0.limits.requestsInFlight = 3 }) { server in
            defer { gate.open() }
            try await LineClient.connected(to: server.unix) { client in
                for id in 0..<20 { try await client.send(Self.embed(id, [[UInt8(id)]]), frames: [[UInt8(id)]]) }
                try await eventually { backend.prepared == 3 }
                try await Task.sleep(for: .milliseconds(50))
                #expect(backend.prepared == 3)
                gate.open()
                for _ in 0..<20 { #expect(try await client.receive()?.result?.failed == 0) }
            }
        }
        #expect(backend.prepared == 20)
    }

    @Test func aBatchThatFailsIsAnsweredAndTheEngineGoesOn() async throws {
        try await LiveServer.running(FakeBackend()) { server in
            try await LineClient.connected(to: server.unix) { client in
                try await client.send(Self.embed(1, [FakeBackend.poison]), frames: [FakeBackend.poison])
                #expect(try await client.receive()?.result?.results?.first?.error?.type == "internal")
                try await client.send(Self.embed(2, [[1]]), frames: [[1]])
                #expect(try await client.receive()?.result?.failed == 0)
                // What it was in one batch with is none the worse.
                let images = [[1], FakeBackend.poison, [2], [3]]
                let answer = try await client.ask(Self.embed(3, images), frames: images)
                #expect(answer.result?.results?.map { $0.error?.type } == [nil, "internal", nil, nil])
                #expect(answer.result?.results?[2].embedding == .numbers(FakeBackend.digest(of: [2])))
            }
        }
    }

    @Test func aClientThatTricklesIsDropped() async throws {
        let clock = ManualClock()
        try await LiveServer.running(FakeBackend(), .with { $0.clock = clock }) { server in
            try await LineClient.connected(to: server.tcp) { client in
                // A line that never ends; a connection that rests would have a quarter of an hour.
                try await clock.passing(.milliseconds(500)) {
                    try await eventually {
                        do { try await client.send(bytes: [UInt8(ascii: "{")]) } catch { return true }
                        return false
                    }
                }
            }
        }
    }

    @Test func connectionsAreLimited() async throws {
        try await LiveServer.running(FakeBackend(), .with { $0.limits.connections = 1 }) { server in
            try await LineClient.connected(to: server.unix) { first in
                try await first.send(#"{"id":1,"method":"health"}"#)
                #expect(try await first.receive()?.result != nil)
                try await LineClient.connected(to: server.tcp) { second in
                    let refusal = try await second.receive()
                    #expect(refusal?.error?.type == "overloaded")
                    let end = try await second.receive()
                    #expect(end == nil)
                }
                try await first.send(#"{"id":2,"method":"health"}"#)
                #expect(try await first.receive()?.id == 2)
            }
        }
    }
}
