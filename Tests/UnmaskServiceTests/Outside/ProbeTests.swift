import Foundation
import Testing

@testable import UnmaskService

/// `/healthz` and `/readyz` say what is, not merely that the process is there.
@Suite(.timeLimit(.minutes(3))) struct ProbeTests {
    private static let embed = #"{"id":1,"method":"embed","params":{"images":[{"base64":"YQ=="}]}}"#

    @Test func aWedgedWorkerTurnsHealthRed() async throws {
        let gate = Gate()
        let clock = ManualClock()
        let configuration = ServiceConfiguration.withHTTP {
            $0.clock = clock
            $0.timeouts.stall = .seconds(5)
        }
        try await LiveServer.running(FakeBackend(gate: gate), configuration) { server in
            defer { gate.open() }
            try await LineClient.connected(to: server.http) { probe in
                #expect(try await probe.http("GET", "/healthz")?.status == 200)
                try await LineClient.connected(to: server.unix) { client in
                    try await client.send(Self.embed)
                    try await eventually { gate.hasWaiter }
                    #expect(try await probe.http("GET", "/healthz")?.status == 200, "busy is not wedged")
                    clock.advance(by: .seconds(6))
                    let red = try #require(await probe.http("GET", "/healthz"))
                    #expect(red.status == 503 && red.text.contains("no progress"))
                    #expect(try await probe.http("GET", "/readyz")?.status == 503)
                    gate.open()
                    #expect(try await client.receive()?.id == 1)
                    // Its answer may come before the engine has said that it is free.
                    try await client.waitForHealth { $0.contains(#""engine_busy_us":0"#) }
                    // Every loop has to say that it has turned since.
                    try await eventually { try await probe.http("GET", "/healthz")?.status == 200 }
                    #expect(try await probe.http("GET", "/readyz")?.status == 200)
                    clock.advance(by: .seconds(6))
                    try await eventually { try await probe.http("GET", "/healthz")?.status == 200 }
                    #expect(try await probe.http("GET", "/readyz")?.status == 200, "idle is not wedged")
                }
            }
        }
    }

    @Test func drainingIsAliveAndNotReady() async throws {
        let gate = Gate()
        try await LiveServer.running(FakeBackend(gate: gate), .withHTTP()) { server in
            defer { gate.open() }
            try await LineClient.connected(to: server.unix) { client in
                try await client.send(Self.embed)
                try await eventually { gate.hasWaiter }
                // Connections that are open outlive the listener; each answers once more.
                try await LineClient.connected(to: server.http) { health in
                    try await LineClient.connected(to: server.http) { ready in
                        #expect(try await health.http("GET", "/healthz")?.status == 200)
                        #expect(try await ready.http("GET", "/healthz")?.status == 200)
                        await server.shutDown()
                        try await client.waitForHealth { $0.contains("draining") }
                        #expect(try await health.http("GET", "/healthz")?.status == 200)
                        #expect(try await ready.http("GET", "/readyz")?.status == 503)
                    }
                }
                gate.open()
            }
        }
    }

    @Test func probesGetThroughWhereClientsHoldEveryConnection() async throws {
        try await LiveServer.running(FakeBackend(), .withHTTP { $0.limits.connections = 1 }) { server in
            try await LineClient.connected(to: server.unix) { client in
                try await client.send(#"{"id":1,"method":"health"}"#)
                #expect(try await client.receive()?.result != nil)
                try await LineClient.connected(to: server.http) { probe in
                    let answer = try await probe.http("GET", "/healthz")
                    #expect(answer?.status == 200)
                }
            }
        }
    }
}
