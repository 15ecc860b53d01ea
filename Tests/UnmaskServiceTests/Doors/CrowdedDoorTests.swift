import Foundation
import Testing

@testable import UnmaskService

/// A crowd at one door keeps nobody out of the others.
@Suite(.timeLimit(.minutes(3))) struct CrowdedDoorTests {
    private static let health = #"{"id":1,"method":"health"}"#

    private static func configuration(_ change: (inout ServiceConfiguration) -> Void = { _ in }) -> ServiceConfiguration
    {
        .withHTTP {
            $0.limits.connections = 40
            $0.limits.reservedConnections = 4
            change(&$0)
        }
    }

    private static func metric(_ server: LiveServer, _ name: String, _ labels: [String: String] = [:]) async throws
        -> Double?
    {
        try await LineClient.connected(to: server.http) { client in
            let answer = try await client.http("GET", "/metrics")
            return try PrometheusParser(try #require(answer).text).value(name, labels)
        }
    }

    @Test(arguments: ["unix", "tcp", "http"], ["", "G"])
    func silentConnectionsKeepNobodyOut(crowded: String, sent: String) async throws {
        try await LiveServer.running(FakeBackend(), Self.configuration()) { server in
            let address = crowded == "unix" ? server.unix : crowded == "tcp" ? server.tcp : server.http
            let crowd = try await RawConnections.open(100, to: address, sending: Array(sent.utf8))
            defer { crowd.close() }
            for address in [server.unix, server.tcp] {
                try await LineClient.connected(to: address) { client in
                    let answer = try await client.ask(Self.health)
                    #expect(answer.result?.status == "ok")
                }
            }
            try await LineClient.connected(to: server.http) { client in
                for path in ["/healthz", "/readyz", "/metrics"] {
                    let answer = try await client.http("GET", path)
                    #expect(answer?.status == 200)
                }
            }
            // What the crowd may keep: all but what is reserved for the others.
            try await eventually { crowd.open <= 40 - 2 * 4 }
            let turnedAway = try await Self.metric(server, "unmask_connections_refused_total", ["reason": "evicted"])
            #expect(turnedAway ?? 0 >= 60)
        }
    }

    @Test func whoHasAskedStaysAndOthersAreToldWhy() async throws {
        try await LiveServer.running(FakeBackend(), Self.configuration { $0.limits.connectionsPerAddress = 1000 }) {
            server in
            let asked = try await RawConnections.open(
                32, to: server.tcp, sending: Array((Self.health + "\n").utf8))
            defer { asked.close() }
            try await LineClient.connected(to: server.unix) { client in
                try await client.waitForStats { $0.contains(#""connections":33,"#) && $0.contains(#""health":32"#) }
                try await LineClient.connected(to: server.tcp) { client in
                    let refusal = try await client.receive()
                    #expect(refusal?.error?.type == "overloaded")
                    let end = try await client.receive()
                    #expect(end == nil)
                }
                // HTTP has its own places; beyond them a connection is for probes alone.
                try await Self.holding(4, of: server.http) {
                    try await LineClient.connected(to: server.http) { client in
                        let metrics = try #require(await client.http("GET", "/metrics"))
                        #expect(metrics.status == 503 && metrics.headers["connection"] == "close")
                    }
                    for path in ["/healthz", "/readyz"] {
                        try await LineClient.connected(to: server.http) { client in
                            let answer = try await client.http("GET", path)
                            let end = try await client.receiveHTTP()
                            #expect(answer?.status == 200 && end == nil)
                        }
                    }
                }
            }
            #expect(asked.open == 32)
        }
    }

    /// Runs the body while so many HTTP connections are open that have asked something.
    private static func holding(
        _ count: Int, of address: BoundAddress, _ body: () async throws -> Void
    ) async throws {
        if count == 0 { return try await body() }
        try await LineClient.connected(to: address) { client in
            let answer = try await client.http("GET", "/healthz")
            #expect(answer?.status == 200 && answer?.headers["connection"] == nil)
            try await holding(count - 1, of: address, body)
        }
    }

    @Test func anAddressHasItsCap() async throws {
        let configuration = Self.configuration { $0.limits.connectionsPerAddress = 3 }
        try await LiveServer.running(FakeBackend(), configuration) { server in
            let asked = try await RawConnections.open(3, to: server.tcp, sending: Array((Self.health + "\n").utf8))
            defer { asked.close() }
            try await LineClient.connected(to: server.unix) { client in
                try await client.waitForStats { $0.contains(#""health":3"#) }
                try await LineClient.connected(to: server.tcp) { client in
                    let refusal = try await client.receive()
                    #expect(refusal?.error?.type == "overloaded")
                    #expect(refusal?.error?.message.contains("of this address") == true)
                }
            }
            let turnedAway = try await Self.metric(server, "unmask_connections_refused_total", ["reason": "address"])
            #expect(turnedAway == 1)
        }
    }

    @Test(arguments: ["tcp", "http"], ["", "{", "GET /healthz HTTP/1.1\r\nhost: localhost\r\n"])
    func whoSaysNothingWholeIsClosedSoon(door: String, sent: String) async throws {
        let clock = ManualClock()
        try await LiveServer.running(FakeBackend(), .withHTTP { $0.clock = clock }) { server in
            let own = try await RawConnections.open(1, to: server.unix)
            defer { own.close() }
            let silent = try await RawConnections.open(
                3, to: door == "tcp" ? server.tcp : server.http, sending: Array(sent.utf8))
            defer { silent.close() }
            try await eventually {
                clock.advance(by: .milliseconds(500))
                return silent.open == 0
            }
            #expect(own.open == 1, "the owner's may wait")
        }
    }

    @Test func whoHasAskedMayIdle() async throws {
        let clock = ManualClock()
        try await LiveServer.running(FakeBackend(), .withHTTP { $0.clock = clock }) { server in
            try await LineClient.connected(to: server.tcp) { line in
                try await LineClient.connected(to: server.http) { http in
                    for _ in 0..<2 {
                        let health = try await line.ask(Self.health).result?.status
                        #expect(health == "ok")
                        let probe = try await http.http("GET", "/healthz")?.status
                        #expect(probe == 200)
                        clock.advance(by: .seconds(30))
                    }
                }
            }
        }
    }
}

extension LineClient {
    /// Asks for `stats` until the answer is as expected.
    mutating func waitForStats(_ isExpected: (String) -> Bool) async throws {
        for _ in 0..<2000 {
            if isExpected(try await ask(#"{"id":1,"method":"stats"}"#).text) { return }
            try await Task.sleep(for: .milliseconds(5))
        }
        Issue.record("stats never became what was expected")
    }
}
