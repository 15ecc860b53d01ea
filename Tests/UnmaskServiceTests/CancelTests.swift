import Testing

@testable import UnmaskService

@Suite struct CancelTests {
    private static func embed(_ id: Int) -> String {
        #"{"id":\#(id),"method":"embed","params":{"images":[{"base64":"YQ=="}]}}"#
    }

    /// Whether it is queued or already at the engine, the request is answered at once and the engine goes on.
    @Test(arguments: [0, 1]) func aRequestIsGivenUp(victim: Int) async throws {
        let gate = Gate()
        let backend = FakeBackend(gate: gate, maximumBatch: 1)
        try await LiveServer.running(backend) { server in
            defer { gate.open() }
            try await LineClient.connected(to: server.unix) { client in
                try await client.send(Self.embed(0))
                try await eventually { gate.hasWaiter }
                try await client.send(Self.embed(1))
                try await client.send(#"{"id":"c","method":"cancel","params":{"request":\#(victim)}}"#)
                var answers: [ServerAnswer] = []
                for _ in 0..<2 { answers.append(try #require(await client.receive())) }
                #expect(answers.contains { $0.result?.cancelled == true })
                #expect(answers.contains { $0.id == victim && $0.error?.type == "cancelled" })
                gate.open()
                #expect(try await client.receive()?.result?.failed == 0)
                let late = try await client.ask(#"{"id":9,"method":"cancel","params":{"request":\#(victim)}}"#)
                #expect(late.result?.cancelled == false)
            }
        }
        #expect(backend.batches.count == (victim == 0 ? 2 : 1))
    }

    @Test func anotherConnectionsRequestIsNot() async throws {
        let gate = Gate()
        try await LiveServer.running(FakeBackend(gate: gate)) { server in
            defer { gate.open() }
            try await LineClient.connected(to: server.unix) { client in
                try await client.send(Self.embed(1))
                try await eventually { gate.hasWaiter }
                try await LineClient.connected(to: server.unix) { other in
                    let answer = try await other.ask(#"{"id":2,"method":"cancel","params":{"request":1}}"#)
                    #expect(answer.result?.cancelled == false)
                }
                gate.open()
                #expect(try await client.receive()?.result?.failed == 0)
            }
        }
    }

    @Test func aFullConnectionStillTakesACancellation() async throws {
        let gate = Gate()
        try await LiveServer.running(FakeBackend(gate: gate), .with { $0.limits.requestsInFlight = 1 }) { server in
            defer { gate.open() }
            try await LineClient.connected(to: server.unix) { client in
                try await client.send(Self.embed(1))
                try await eventually { gate.hasWaiter }
                try await client.send(#"{"id":2,"method":"cancel","params":{"request":1}}"#)
                let answers = [try #require(await client.receive()), try #require(await client.receive())]
                #expect(answers.contains { $0.error?.type == "cancelled" })
            }
        }
    }
}
