import Foundation
import Testing
import UnmaskModel

@testable import UnmaskService

/// What `ready`, `stats`, `drain` and `log_level` say of the server's state.
@Suite struct ReadinessTests {
    private static let embed = #"{"id":1,"method":"embed","params":{"images":[{"base64":"YQ=="}]}}"#

    @Test(arguments: [
        (GoldenVector?.none, "load"),
        (GoldenVector(pooling: .mean, vector: FakeBackend.digest(of: GoldenImage.png)), "checkpoint"),
    ])
    func aServerThatAnswersAsItShouldIsReady(golden: GoldenVector?, origin: String) async throws {
        let answer = try await LiveServer.ask(#"{"id":1,"method":"ready"}"#, FakeBackend(golden: golden))
        #expect(answer.result?.ready == true && answer.result?.status == "ready")
        #expect(answer.result?.models?.map(\.golden) == [origin])
    }

    @Test func aModelThatAnswersOtherwiseIsNotReady() async throws {
        let backend = FakeBackend()
        try await LiveServer.running(backend) { server in
            try await LineClient.connected(to: server.unix) { client in
                backend.spoil()
                let answer = try await client.ask(#"{"id":1,"method":"ready"}"#)
                #expect(answer.result?.ready == false && answer.result?.status == "failing")
                #expect(answer.result?.models?.first?.problem?.contains("cosine") == true)
                // The process is alive and the engine moves: that alone is not being ready.
                #expect(try await client.ask(#"{"id":2,"method":"health"}"#).result?.status == "ok")
            }
        }
    }

    @Test func anEngineThatDoesNotAnswerIsNotReady() async throws {
        let gate = Gate()
        let clock = ManualClock()
        let configuration = ServiceConfiguration.with {
            $0.clock = clock
            $0.timeouts.ready = .seconds(5)
        }
        try await LiveServer.running(FakeBackend(gate: gate), configuration) { server in
            defer { gate.open() }
            try await LineClient.connected(to: server.unix) { client in
                try await client.send(Self.embed)
                try await eventually { gate.hasWaiter }
                let alarms = clock.waiting
                try await client.send(#"{"id":2,"method":"ready"}"#)
                try await eventually { clock.waiting > alarms }
                clock.advance(by: .seconds(6))
                let answer = try #require(await client.receive())
                #expect(answer.id == 2 && answer.result?.ready == false)
                #expect(answer.result?.models?.first?.problem?.contains("deadline") == true)
                gate.open()
            }
        }
    }

    @Test func aFullQueueIsReady() async throws {
        let gate = Gate()
        let configuration = ServiceConfiguration.with {
            $0.limits.imagesPerRequest = 4
            $0.limits.queuedImages = 4
        }
        try await LiveServer.running(FakeBackend(gate: gate, maximumBatch: 1), configuration) { server in
            defer { gate.open() }
            try await LineClient.connected(to: server.unix) { busy in
                // One waits at the gate and four queue: five are refused.
                for _ in 0..<10 { try await busy.send(Self.embed) }
                for _ in 0..<5 {
                    let refused = try #require(await busy.receive())
                    #expect(refused.error?.type == "overloaded" && refused.error?.retryAfterMs ?? 0 > 0)
                }
                try await LineClient.connected(to: server.unix) { client in
                    try await client.send(#"{"id":1,"method":"ready"}"#)
                    gate.open()
                    #expect(try await client.receive()?.result?.ready == true)
                }
            }
        }
    }

    @Test func whatCouldNotRunInTimeIsRefusedAtOnce() async throws {
        let (clock, gate) = (ManualClock(), Gate())
        gate.open()
        let backend = FakeBackend(gate: gate, onBatch: { clock.advance(by: .seconds(30)) }, maximumBatch: 1)
        let configuration = ServiceConfiguration.with {
            $0.clock = clock
            $0.limits.queueWait = .seconds(75)
            // The clock jumps while answers are on their way, which are not to be taken for stuck.
            ($0.timeouts.stall, $0.timeouts.answer) = (.seconds(3600), .seconds(3600))
        }
        try await LiveServer.running(backend, configuration) { server in
            defer { gate.open() }
            try await LineClient.connected(to: server.unix) { client in
                // Thirty seconds an image: one at the engine and two in the queue are a wait of ninety.
                _ = try await client.ask(Self.embed)
                gate.close()
                try await client.send(Self.embed)
                try await eventually { gate.hasWaiter }
                for _ in 0..<11 { try await client.send(Self.embed) }
                for _ in 0..<9 {
                    let refused = try #require(await client.receive())
                    #expect(refused.error?.type == "overloaded" && refused.error?.retryAfterMs == 60_000)
                }
                gate.open()
                for _ in 0..<3 { #expect(try await client.receive()?.result?.failed == 0) }
            }
        }
    }

    @Test func aDrainedServerFinishesAndRefuses() async throws {
        let gate = Gate()
        try await LiveServer.running(FakeBackend(gate: gate)) { server in
            defer { gate.open() }
            try await LineClient.connected(to: server.unix) { client in
                try await client.send(Self.embed)
                try await eventually { gate.hasWaiter }
                #expect(try await client.ask(#"{"id":2,"method":"drain"}"#).result?.drained == false)
                #expect(try await client.ask(Self.embed).error?.type == "shutting_down")
                #expect(try await client.ask(#"{"id":3,"method":"ready"}"#).result?.status == "draining")
                try await client.send(#"{"id":4,"method":"drain","params":{"wait_ms":10000}}"#)
                gate.open()
                let answers = [try #require(await client.receive()), try #require(await client.receive())]
                #expect(answers.contains { $0.id == 1 && $0.result?.failed == 0 })
                #expect(answers.contains { $0.id == 4 && $0.result?.drained == true })
            }
        }
    }

    @Test func statisticsCountWhatHappened() async throws {
        try await LiveServer.running(FakeBackend()) { server in
            try await LineClient.connected(to: server.unix) { client in
                for _ in 0..<3 { _ = try await client.ask(Self.embed) }
                _ = try await client.ask("nonsense")
                let answer = try await client.ask(#"{"id":1,"method":"stats"}"#)
                #expect(answer.text.contains(#""requests":{"stats":1,"embed":3},"errors":{"parse_error":1}"#))
                #expect(answer.text.contains(#""images":{"done":3},"batch_images":{"1":3}"#))
                #expect(answer.text.contains(#""inference":{"count":3,"p50":"#))
                #expect(answer.text.contains(#""connections":1,"requests_in_flight":"#))
            }
        }
    }

    @Test func quantilesAreWithinASixteenth() {
        var generator = SplitMix(state: 1)
        var histogram = LatencyHistogram()
        let values = (0..<5000).map { _ in Int64(exp2(Double.random(in: 0...36, using: &generator))) }.sorted()
        for value in values { histogram.record(microseconds: value) }
        for share in [0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1] {
            let exact = values[max(0, Int((share * 5000).rounded(.up)) - 1)]
            let found = histogram.quantile(share)
            #expect(found >= exact && Double(found) <= Double(exact) * 17 / 16 + 1)
        }
        #expect(histogram.count == 5000 && histogram.maximum == values.last)
    }

    @Test func theLogLevelChangesWhileTheServerRuns() async throws {
        let answer = try await LiveServer.ask(#"{"id":1,"method":"log_level","params":{"level":"debug"}}"#)
        #expect(answer.text.contains(#""level":"debug""#))
    }
}
