import Foundation
import Testing

@testable import UnmaskService

/// What a connection may cost that asks for nothing, or takes nothing.
@Suite struct ConnectionLimitTests {
    private static let embed = #"{"id":1,"method":"embed","params":{"images":[{"base64":"YQ=="}]}}"#

    /// About 200 kB of answer.
    private static let large: String = {
        let images = Array(repeating: #"{"base64":"YQ=="}"#, count: 64).joined(separator: ",")
        return #"{"id":1,"method":"embed","params":{"images":[\#(images)],"pooling":"tokens"}}"#
    }()

    @Test func aConnectionWithoutARequestIsClosedInTime() async throws {
        let (gate, clock) = (Gate(), ManualClock())
        let configuration = ServiceConfiguration.with {
            $0.clock = clock
            $0.timeouts.stall = .seconds(86_400)
        }
        try await LiveServer.running(FakeBackend(gate: gate), configuration) { server in
            defer { gate.open() }
            try await LineClient.connected(to: server.unix) { client in
                // One that waits for its answer is not idle.
                try await client.send(Self.embed)
                try await eventually { gate.hasWaiter }
                for _ in 0..<100 {
                    try await eventually { clock.waiting > 0 }
                    clock.advance(by: .seconds(60))
                }
                gate.open()
                #expect(try await client.receive()?.result?.failed == 0)
                let end = try await clock.passing(.seconds(10)) { try await client.receive() }
                #expect(end == nil)
            }
        }
    }

    @Test func whatIsNotTakenStopsTheReading() async throws {
        let backend = FakeBackend()
        let configuration = ServiceConfiguration.with {
            $0.limits.unwrittenBytes = 1 << 16
            $0.limits.requestsInFlight = 1000
            $0.limits.queuedImages = 100_000
        }
        try await LiveServer.running(backend, configuration) { server in
            try await LineClient.connected(to: server.unix) { client in
                var taken = 0
                while taken < 60, backend.prepared == taken * 64 {
                    try await client.send(Self.large)
                    taken += 1
                    // What is read is prepared in far less; what is not costs the test this long, once.
                    for _ in 0..<200 where backend.prepared < taken * 64 {
                        try await Task.sleep(for: .milliseconds(3))
                    }
                }
                #expect(taken < 30)
                for _ in taken..<60 { try await client.send(Self.large) }
                for _ in 0..<60 { #expect(try await client.receive()?.result?.failed == 0) }
            }
        }
        #expect(backend.prepared == 60 * 64)
    }

    @Test func aClientThatTakesNothingIsDroppedAndOthersAreServed() async throws {
        let clock = ManualClock()
        let configuration = ServiceConfiguration.with {
            $0.clock = clock
            $0.limits.unwrittenBytes = 1 << 16
            // The deaf client's requests in flight do not fill the queue.
            $0.limits.queuedImages = 4096
        }
        try await LiveServer.running(FakeBackend(), configuration) { server in
            let deaf = try await DeafClient(to: server.unix)
            defer { deaf.close() }
            for _ in 0..<40 { deaf.send(Self.large + "\n") }
            try await LineClient.connected(to: server.unix) { client in
                // A second passes between two answers that are taken: only who takes none has none in a minute.
                try await eventually {
                    clock.advance(by: .seconds(1))
                    let answer = try await client.ask(Self.embed)
                    #expect(answer.result?.failed == 0, "\(answer.text)")
                    let stats = try await client.ask(#"{"id":2,"method":"stats"}"#)
                    return stats.text.contains(#""connections":1,"#)
                }
            }
        }
    }

    @Test func twoThousandIdleConnectionsDisturbNobody() async throws {
        // Both ends of each are in this process.
        let count = min(2000, (OpenFileLimit.raise(to: 5000) - 500) / 2)
        try await LiveServer.running(FakeBackend()) { server in
            var idle: [DeafClient] = []
            for _ in 0..<count { idle.append(try await DeafClient(to: server.unix)) }
            defer { for client in idle { client.close() } }
            try await LineClient.connected(to: server.unix) { client in
                for _ in 0..<20 { #expect(try await client.ask(Self.embed).result?.failed == 0) }
                try await eventually {
                    let stats = try await client.ask(#"{"id":2,"method":"stats"}"#)
                    return stats.text.contains(#""connections":\#(count + 1),"#)
                }
            }
        }
        #expect(count > 200)
    }
}
