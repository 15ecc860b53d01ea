import Foundation
import Testing

@testable import UnmaskService

/// HTTP/1.1 itself: what clients send in any pieces, badly, slowly or too much of.
@Suite(.timeLimit(.minutes(3))) struct HTTPConnectionTests {
    @Test func requestsMayComeInAnyPieces() async throws {
        let image = Array("sliced".utf8)
        let request = Array(
            HTTPText.request("POST", "/v1/embeddings", body: HTTPText.embeddings([image])).utf8)
        try await LiveServer.running(FakeBackend(), .withHTTP()) { server in
            try await LineClient.connected(to: server.http) { client in
                for size in [1, 2, 5, 64] {
                    for start in stride(from: 0, to: request.count, by: size) {
                        try await client.send(bytes: request[start..<min(start + size, request.count)])
                    }
                    let answer = try #require(await client.receiveHTTP())
                    let entry = try answer.decoded(EmbeddingsAnswer.self).data?.first
                    #expect(entry?.embedding == .numbers(FakeBackend.digest(of: image)))
                }
            }
        }
    }

    @Test func pipelinedRequestsAreAnsweredInOrder() async throws {
        let images = (0..<20).map { Array("pipelined \($0)".utf8) }
        try await LiveServer.running(FakeBackend(), .withHTTP()) { server in
            try await LineClient.connected(to: server.http) { client in
                let all = images.map { HTTPText.request("POST", "/v1/embeddings", body: HTTPText.embeddings([$0])) }
                try await client.send(bytes: all.joined().utf8)
                for image in images {
                    let answer = try #require(await client.receiveHTTP())
                    let entry = try answer.decoded(EmbeddingsAnswer.self).data?.first
                    #expect(entry?.embedding == .numbers(FakeBackend.digest(of: image)))
                }
            }
        }
    }

    @Test func onlyKnownPathsAndMethods() async throws {
        try await LiveServer.running(FakeBackend(), .withHTTP()) { server in
            try await LineClient.connected(to: server.http) { client in
                let unknown = try await client.http("GET", "/v1")
                #expect(unknown?.status == 404)
                let other = try await client.http("GET", "/v1/embeddings")
                #expect(other?.status == 405 && other?.headers["allow"] == "POST")
                #expect(try await client.http("POST", "/healthz", body: "{}")?.status == 405)
                #expect(try await client.http("GET", "/healthz?verbose")?.status == 200)
                let head = try #require(await client.http("HEAD", "/healthz"))
                #expect(head.status == 200 && head.body.isEmpty)
                #expect(try await client.http("GET", "/healthz")?.status == 200)
            }
        }
    }

    @Test func aClientThatAsksFirstIsToldToGoOn() async throws {
        let configuration = ServiceConfiguration.withHTTP { $0.limits.payloadBytes = 2000 }
        try await LiveServer.running(FakeBackend(), configuration) { server in
            let (body, expect) = (HTTPText.embeddings([[1]]), ["expect": "100-continue"])
            let head = HTTPText.request("POST", "/v1/embeddings", headers: expect, body: body).dropLast(body.count)
            try await LineClient.connected(to: server.http) { client in
                try await client.send(bytes: head.utf8)
                #expect(try await client.receiveHTTP()?.status == 100)
                try await client.send(bytes: body.utf8)
                #expect(try await client.receiveHTTP()?.status == 200)
            }
            try await LineClient.connected(to: server.http) { client in
                let long = HTTPText.embeddings([Array(repeating: 1, count: 5000)])
                let head = HTTPText.request("POST", "/v1/embeddings", headers: expect, body: long).dropLast(long.count)
                try await client.send(bytes: head.utf8)
                #expect(try await client.receiveHTTP()?.status == 413, "before the body was sent")
                #expect(try await client.receiveHTTP() == nil)
            }
        }
    }

    @Test func oldAndClosingClientsAreClosed() async throws {
        try await LiveServer.running(FakeBackend(), .withHTTP()) { server in
            for request in [
                "GET /healthz HTTP/1.0\r\n\r\n",
                "GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
            ] {
                try await LineClient.connected(to: server.http) { client in
                    try await client.send(bytes: request.utf8)
                    #expect(try await client.receiveHTTP()?.headers["connection"] == "close")
                    #expect(try await client.receiveHTTP() == nil)
                }
            }
        }
    }

    @Test(arguments: [
        ("nonsense\r\n\r\n", 400),
        ("GET /healthz HTTP/1.1\r\nx: " + String(repeating: "y", count: 40_000) + "\r\n\r\n", 431),
        ("GET /healthz HTTP/1.1\r\n" + String(repeating: "x: y\r\n", count: 200) + "\r\n", 431),
        ("POST /v1/embeddings HTTP/1.1\r\ncontent-length: -1\r\n\r\n", 400),
        ("POST /v1/embeddings HTTP/1.1\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n", 400),
    ])
    func whatIsNoHTTPIsToldSoAndClosed(request: String, status: Int) async throws {
        try await LiveServer.running(FakeBackend(), .withHTTP()) { server in
            try await LineClient.connected(to: server.http) { client in
                try await client.send(bytes: request.utf8)
                #expect(try await client.receiveHTTP()?.status == status)
            }
            try await LineClient.connected(to: server.http) { client in
                let answer = try await client.http("GET", "/healthz")
                #expect(answer?.status == 200, "the server goes on")
            }
        }
    }

    @Test func slowAndIdleClientsAreDropped() async throws {
        let clock = ManualClock()
        let configuration = ServiceConfiguration.withHTTP {
            $0.clock = clock
            $0.timeouts.request = .seconds(80)
            $0.http?.keepAlive = .seconds(100 * 86_400)
        }
        try await LiveServer.running(FakeBackend(), configuration) { server in
            // The headers came, the body does not.
            try await LineClient.connected(to: server.http) { client in
                try await client.send(
                    bytes: "POST /v1/embeddings HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\n\r\n{".utf8)
                // Idle for a hundred days it is not.
                let end = try await clock.passing(.seconds(1)) { try await client.receiveHTTP() }
                #expect(end == nil)
            }
            // Nothing comes at all.
            try await LineClient.connected(to: server.http) { client in
                let end = try await clock.passing(.seconds(10 * 86_400)) { try await client.receiveHTTP() }
                #expect(end == nil)
            }
        }
    }

    @Test func aClientThatGoesCancelsWhatItHasQueued() async throws {
        let gate = Gate()
        let backend = FakeBackend(gate: gate, maximumBatch: 1)
        try await LiveServer.running(backend, .withHTTP()) { server in
            defer { gate.open() }
            try await LineClient.connected(to: server.http) { client in
                let body = HTTPText.embeddings((0..<5).map { [$0] })
                try await client.send(bytes: HTTPText.request("POST", "/v1/embeddings", body: body).utf8)
                try await eventually { gate.hasWaiter }
            }
            try await LineClient.connected(to: server.unix) { client in try await client.waitForQueue(0) }
            gate.open()
        }
        #expect(backend.batches.count == 1)
    }

    @Test func shutdownAnswersWhatIsInFlight() async throws {
        let gate = Gate()
        try await LiveServer.running(FakeBackend(gate: gate), .withHTTP()) { server in
            defer { gate.open() }
            try await LineClient.connected(to: server.http) { client in
                try await client.send(
                    bytes: HTTPText.request("POST", "/v1/embeddings", body: HTTPText.embeddings([[1]])).utf8)
                try await eventually { gate.hasWaiter }
                try await LineClient.connected(to: server.unix) { watcher in
                    try await watcher.waitForHealth { $0.contains(#""status":"ok""#) }
                    await server.shutDown()
                    try await watcher.waitForHealth { $0.contains(#""status":"draining""#) }
                }
                gate.open()
                let answer = try await client.receiveHTTP()
                #expect(answer?.status == 200 && answer?.headers["connection"] == "close")
                #expect(try await client.receiveHTTP() == nil)
            }
        }
    }
}
