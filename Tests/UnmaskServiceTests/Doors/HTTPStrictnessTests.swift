import Foundation
import Testing

@testable import UnmaskService

/// HTTP that two programs could read in two ways is refused; what is merely unusual is not.
@Suite(.timeLimit(.minutes(3))) struct HTTPStrictnessTests {
    private static let post = "POST /v1/embeddings HTTP/1.1\r\nhost: localhost\r\n"
    private static let get = "GET /healthz HTTP/1.1\r\nhost: localhost\r\n"
    private static let probe = get + "\r\n"

    private static let refused: [String] = [
        // Host
        "GET /healthz HTTP/1.1\r\n\r\n",
        get + "host: localhost\r\n\r\n",
        get + "Host: other\r\n\r\n",
        // Lines and names
        get + "x: a\r\n b\r\n\r\n",
        get + "x: a\r\n\tb\r\n\r\n",
        get + "x : a\r\n\r\n",
        get + "x\t: a\r\n\r\n",
        get + "x: a\n\r\n",
        get + "x: a\r\n\n",
        "GET /healthz HTTP/1.1\nhost: localhost\n\n",
        get + "x: a\rb\r\n\r\n",
        get + "x: a\u{0}b\r\n\r\n",
        get + "x\u{0}: a\r\n\r\n",
        get + ": a\r\n\r\n",
        get + "x y: a\r\n\r\n",
        get + " x: a\r\n\r\n",
        get + "x: a\u{1}b\r\n\r\n",
        get + "x: a\u{7F}b\r\n\r\n",
        get + "x\r\n\r\n",
        // Versions
        "GET /healthz\r\n\r\n",
        "GET /healthz HTTP/2.0\r\nhost: localhost\r\n\r\n",
        "GET /healthz http/1.1\r\nhost: localhost\r\n\r\n",
        "GET /healthz HTTP/1.2\r\nhost: localhost\r\n\r\n",
        "GET /healthz HTTP/1.10\r\nhost: localhost\r\n\r\n",
        "GET /healthz HTTP/1.1 \r\nhost: localhost\r\n\r\n",
        "GET /health\tz HTTP/1.1\r\nhost: localhost\r\n\r\n",
        "GET /health z HTTP/1.1\r\nhost: localhost\r\n\r\n",
        "GET healthz HTTP/1.1\r\nhost: localhost\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        // Lengths
        post + "content-length: 2\r\ncontent-length: 2\r\n\r\n{}",
        post + "content-length: 2\r\ncontent-length: 3\r\n\r\n{}",
        post + "content-length: 2, 2\r\n\r\n{}",
        post + "content-length: +2\r\n\r\n{}",
        post + "content-length: 0x2\r\n\r\n{}",
        post + "content-length: 2 2\r\n\r\n{}",
        post + "content-length: 18446744073709551618\r\n\r\n{}",
        post + "content-length:\r\n\r\n{}",
        post + "content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        post + "transfer-encoding: chunked\r\ncontent-length: 2\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        post + "transfer-encoding: identity\r\n\r\n{}",
        post + "transfer-encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        post + "transfer-encoding: chunked, identity\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        post + "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        post + "transfer-encoding: xchunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "POST /v1/embeddings HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        // Chunks
        post + "transfer-encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n",
        post + "transfer-encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n",
        post + "transfer-encoding: chunked\r\n\r\n10000000000000002\r\n{}\r\n0\r\n\r\n",
        post + "transfer-encoding: chunked\r\n\r\n2 \r\n{}\r\n0\r\n\r\n",
        post + "transfer-encoding: chunked\r\n\r\n2\n{}\r\n0\r\n\r\n",
        post + "transfer-encoding: chunked\r\n\r\n2\r\n{}0\r\n\r\n",
        post + "transfer-encoding: chunked\r\n\r\n2\r\n{}\n0\r\n\r\n",
        post + "transfer-encoding: chunked\r\n\r\n\r\n{}\r\n0\r\n\r\n",
        post + "transfer-encoding: chunked\r\n\r\n 2\r\n{}\r\n0\r\n\r\n",
        post + "transfer-encoding: chunked\r\n\r\n2;a\n{}\r\n0\r\n\r\n",
        post + "transfer-encoding: chunked\r\n\r\n2;a=\"b\nc\"\r\n{}\r\n0\r\n\r\n",
        post + "transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\n",
        post + "transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nx: y\n\r\n",
        post + "transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\ncontent-length: 5\r\n\r\n",
        post + "transfer-encoding: chunked\r\n\r\n2;" + String(repeating: "x", count: 300_000),
        post + "transfer-encoding: chunked\r\n\r\n"
            + String(repeating: "1;" + String(repeating: "x", count: 1000) + "\r\n \r\n", count: 300),
    ]

    /// Refused with 400, once, and nothing of what follows is read as a request.
    @Test(arguments: refused)
    func whatCanBeReadInTwoWaysIsRefused(request: String) async throws {
        try await LiveServer.running(FakeBackend(), .withHTTP()) { server in
            try await LineClient.connected(to: server.http) { client in
                try? await client.send(bytes: (request + Self.probe).utf8)
                let answer = try await client.receiveHTTP()
                #expect(answer?.status == 400, "\(request.prefix(200).debugDescription)")
                #expect(answer?.headers["connection"] == "close")
                let end = try await client.receiveHTTP()
                #expect(end == nil)
            }
        }
    }

    @Test(arguments: [
        (post + "transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n" + String(repeating: "x: y\r\n", count: 200)
            + "\r\n"),
        (post + "transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nx: " + String(repeating: "y", count: 40_000)
            + "\r\n\r\n"),
    ])
    func trailersAreBoundedAsHeadersAre(request: String) async throws {
        try await LiveServer.running(FakeBackend(), .withHTTP()) { server in
            try await LineClient.connected(to: server.http) { client in
                try await client.send(bytes: request.utf8)
                let got = try await client.receiveHTTP()?.status
                #expect(got == 431)
            }
        }
    }

    @Test(arguments: [
        ("\r\n" + get + "\r\n", 200), ("GET  /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n", 200),
        (post + "content-length: 02\r\n\r\n{}", 400),
        (get + "x:a\r\n\r\n", 200), (get + "x:\r\n\r\n", 200), (get + "x: a \r\n\r\n", 200),
        ("GET /healthz HTTP/1.1\r\nHOST: LocalHost:7701\r\n\r\n", 200),
        (post + "transfer-encoding: Chunked\r\n\r\n2;a=b\r\n{}\r\n0\r\nx: y\r\n\r\n", 400),
        (post + "content-length: 2\r\n\r\n{}", 400),
    ])
    func whatIsMerelyUnusualIsTaken(request: String, status: Int) async throws {
        try await LiveServer.running(FakeBackend(), .withHTTP()) { server in
            try await LineClient.connected(to: server.http) { client in
                try await client.send(bytes: (request + Self.probe).utf8)
                let answer = try await client.receiveHTTP()
                #expect(answer?.status == status && answer?.headers["connection"] == nil)
                let got = try await client.receiveHTTP()?.status
                #expect(got == 200, "the connection goes on")
            }
        }
    }

    @Test func tlsOnAClearPortIsNamed() async throws {
        try await LiveServer.running(FakeBackend(), .withHTTP()) { server in
            for version in UInt8(0)...4 {
                try await LineClient.connected(to: server.http) { client in
                    try await client.send(bytes: [0x16, 3, version, 2, 0, 1, 0, 1, 0xFC])
                    let answer = try #require(await client.receiveHTTP())
                    #expect(answer.status == 400 && answer.text.contains("this is TLS"))
                    let end = try await client.receiveHTTP()
                    #expect(end == nil)
                }
                try await LineClient.connected(to: server.tcp) { client in
                    try await client.send(bytes: [0x16, 3, version])
                    let answer = try #require(await client.receive())
                    #expect(answer.error?.type == "invalid_request" && answer.error?.message.contains("TLS") == true)
                    let end = try await client.receive()
                    #expect(end == nil)
                }
            }
        }
    }

    @Test func aPagesRequestOnTheLinePortIsNotReadAsLines() async throws {
        let body = #"{"id":1,"method":"info"}"# + "\n"
        try await LiveServer.running(FakeBackend()) { server in
            for method in ["GET", "POST", "PUT", "QUERY", "patch"] {
                try await LineClient.connected(to: server.tcp) { client in
                    try await client.send(bytes: HTTPText.request(method, "/", body: body).utf8)
                    let answer = try #require(await client.receive())
                    #expect(answer.error?.type == "invalid_request" && answer.error?.message.contains("HTTP") == true)
                    let end = try await client.receive()
                    #expect(end == nil)
                }
            }
        }
    }

    /// Whatever follows a request that is whole, that one is answered.
    @Test(arguments: [
        (probe, 200), (post + "content-length: 2\r\n\r\n{}", 400),
        ("GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n", 200),
        ("GET /healthz HTTP/1.0\r\n\r\n", 200),
        ("POST /nowhere HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n", 404),
    ])
    func whatFollowsDoesNotTakeTheAnswer(request: String, status: Int) async throws {
        try await LiveServer.running(FakeBackend(), .withHTTP()) { server in
            for garbage in ["\u{0}", "zz\r\n", String(repeating: "z", count: 1000)] {
                try await LineClient.connected(to: server.http) { client in
                    try? await client.send(bytes: (request + garbage).utf8)
                    let got = try await client.receiveHTTP()?.status
                    #expect(got == status)
                }
            }
        }
    }

    // MARK: - Offers to upgrade

    @Test(arguments: ["h2c", "websocket", "TLS/1.0", "h2c, websocket"], [1, 7, 100_000])
    func anUpgradeIsDeclinedAndTheConnectionGoesOn(offer: String, piece: Int) async throws {
        let headers = ["upgrade": offer, "connection": "Upgrade, HTTP2-Settings", "http2-settings": "AAMAAABk"]
        let image = Array("upgraded".utf8)
        let get = HTTPText.request("GET", "/healthz", headers: headers)
        let post = HTTPText.request("POST", "/v1/embeddings", headers: headers, body: HTTPText.embeddings([image]))
        let chunked =
            HTTPText.request(
                "POST", "/v1/embeddings", headers: headers.merging(["transfer-encoding": "chunked"]) { $1 })
            + "2\r\n{}\r\n0\r\n\r\n"
        let requests = [get, post, Self.probe, chunked, get, get, post, Self.probe]
        let expected = [200, 200, 200, 400, 200, 200, 200, 200]
        try await LiveServer.running(FakeBackend(), .withHTTP()) { server in
            // One after another, and all at once.
            try await LineClient.connected(to: server.http) { client in
                for (request, status) in zip(requests, expected) {
                    try await client.send(bytes: request.utf8, inPiecesOf: piece)
                    let got = try await client.receiveHTTP()?.status
                    #expect(got == status)
                }
            }
            try await LineClient.connected(to: server.http) { client in
                try await client.send(bytes: requests.joined().utf8, inPiecesOf: piece)
                for status in expected {
                    let got = try await client.receiveHTTP()?.status
                    #expect(got == status)
                }
            }
        }
    }

    @Test func connectIsRefusedAndClosed() async throws {
        try await LiveServer.running(FakeBackend(), .withHTTP()) { server in
            try await LineClient.connected(to: server.http) { client in
                try await client.send(
                    bytes: ("CONNECT localhost:1 HTTP/1.1\r\nhost: localhost:1\r\n\r\n" + Self.probe).utf8)
                let answer = try #require(await client.receiveHTTP())
                #expect(answer.status == 404 && answer.headers["connection"] == "close")
                let end = try await client.receiveHTTP()
                #expect(end == nil)
            }
        }
    }

    // MARK: - Refusals at the head

    private static let refusals: [(head: String, status: Int)] = [
        ("POST /nowhere HTTP/1.1\r\nhost: localhost\r\n", 404),
        ("PUT /v1/embeddings HTTP/1.1\r\nhost: localhost\r\n", 405),
        ("POST /healthz HTTP/1.1\r\nhost: localhost\r\n", 405),
        (post + "origin: https://example.com\r\n", 403), ("POST /v1/embeddings HTTP/1.1\r\nhost: example.com\r\n", 403),
        (post, 413),
    ]

    @Test(arguments: refusals)
    func aLargeBodyIsNotWaitedFor(head: String, status: Int) async throws {
        try await LiveServer.running(FakeBackend(), .withHTTP()) { server in
            for length in ["content-length: 500000000", "transfer-encoding: chunked"]
            where status != 413 || length.hasPrefix("c") {
                try await LineClient.connected(to: server.http) { client in
                    try await client.send(bytes: (head + length + "\r\n\r\n").utf8)
                    let answer = try #require(await client.receiveHTTP())
                    #expect(answer.status == status && answer.headers["connection"] == "close")
                    // The client may have sent some of it before it read the answer.
                    try? await client.send(bytes: Array(repeating: 0x61, count: 3 << 20))
                    let end = try? await client.receiveHTTP()
                    #expect(end == nil)
                }
            }
        }
    }

    /// A client that was refused and sends no more is closed when it has had its time to read the answer.
    @Test(arguments: refusals)
    func aBodyThatDoesNotComeIsNotAwaitedForLong(head: String, status: Int) async throws {
        let clock = ManualClock()
        try await LiveServer.running(FakeBackend(), .withHTTP { $0.clock = clock }) { server in
            try await LineClient.connected(to: server.http) { client in
                try await client.send(bytes: (head + "content-length: 500000000\r\n\r\n").utf8)
                let answer = try #require(await client.receiveHTTP())
                #expect(answer.status == status)
                let end = try await clock.passing(HTTPLingeringClose.drainTime / 4) { try await client.receiveHTTP() }
                #expect(end == nil)
            }
        }
    }

    @Test(arguments: refusals.filter { $0.status != 413 })
    func aShortBodyIsSkippedAndTheConnectionGoesOn(head: String, status: Int) async throws {
        try await LiveServer.running(FakeBackend(), .withHTTP()) { server in
            try await LineClient.connected(to: server.http) { client in
                for body in ["", "{}", String(repeating: "x", count: 100_000)] {
                    try await client.send(bytes: (head + "content-length: \(body.utf8.count)\r\n\r\n").utf8)
                    let refusal = try await client.receiveHTTP()?.status
                    #expect(refusal == status, "before the body came")
                    try await client.send(bytes: (body + Self.probe).utf8)
                    let next = try await client.receiveHTTP()?.status
                    #expect(next == 200)
                    // All at once.
                    try await client.send(
                        bytes: (head + "content-length: \(body.utf8.count)\r\n\r\n" + body + Self.probe + Self.probe)
                            .utf8)
                    let got = try await client.receiveHTTP()?.status
                    #expect(got == status)
                    for _ in 0..<2 {
                        let got = try await client.receiveHTTP()?.status
                        #expect(got == 200)
                    }
                }
            }
        }
    }

    @Test func aStrangersLargeBodyIsNotWaitedFor() async throws {
        let directory = try LiveServer.temporaryDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let token = String(repeating: "t", count: 40)
        try SecretText.write(token, to: directory + "/token")
        let configuration = ServiceConfiguration.withHTTP {
            $0.http?.address.host = "0.0.0.0"
            $0.access.tokenFile = directory + "/token"
            $0.access.insecureListen = true
        }
        try await LiveServer.running(FakeBackend(), configuration) { server in
            guard case .tcp(_, let port) = server.http else { return }
            try await LineClient.connected(to: .tcp(host: "127.0.0.1", port: port)) { client in
                let head = "POST /v1/embeddings HTTP/1.1\r\nhost: any.name\r\nauthorization: Bearer x\r\n"
                try await client.send(bytes: (head + "content-length: 50000000\r\n\r\n").utf8)
                let got = try await client.receiveHTTP()?.status
                #expect(got == 401)
            }
        }
    }

    // MARK: - Host and origin

    @Test(arguments: [
        ("localhost", true), ("LOCALHOST:1", true), ("localhost.", true), ("127.0.0.1", true), ("127.9.8.7:80", true),
        ("[::1]", true), ("[::1]:7701", true), ("a.name", true), ("A.Name:7701", true),
        ("example.com", false), ("localhost.example.com", false), ("127.0.0.1.nip.io", false), ("10.0.0.1", false),
        ("", false), ("[::2]", false), ("other.name", false), ("localhost@example.com", false), ("0.0.0.0", false),
    ])
    func loopbackAnswersToItsOwnNamesAlone(host: String, isAllowed: Bool) async throws {
        let configuration = ServiceConfiguration.withHTTP { $0.http?.allowedHosts = ["a.name"] }
        try await LiveServer.running(FakeBackend(), configuration) { server in
            for path in ["/healthz", "/readyz", "/metrics"] {
                try await LineClient.connected(to: server.http) { client in
                    try await client.send(bytes: "GET \(path) HTTP/1.1\r\nhost: \(host)\r\n\r\n".utf8)
                    let answer = try #require(await client.receiveHTTP())
                    #expect(answer.status == (isAllowed ? 200 : 403), "\(host) \(path)")
                    #expect(isAllowed || answer.text.contains("--allow-host"))
                }
            }
        }
    }

    @Test func anAllowedHostIsANameAndNothingMore() {
        for name in ["a", "a.name", "A-b_c.example.", "10.0.0.1", "[2001:db8::1]"] { #expect(HTTPGate.isName(name)) }
        for name in ["", "a b", "http://a", "a:80", "a/b", "[a]", "::1", "*", "a@b"] {
            #expect(!HTTPGate.isName(name))
            let configuration = ServiceConfiguration.withHTTP {
                $0.tcp = .init(port: 0)
                $0.http?.allowedHosts = [name]
            }
            #expect(throws: ConfigurationError.hostUnusable(name)) { try configuration.validate() }
        }
    }

    @Test(arguments: [
        (["origin": "https://example.com"], 403), (["origin": "null"], 403), (["sec-fetch-site": "cross-site"], 403),
        (["sec-fetch-site": "same-site"], 403), (["sec-fetch-site": "none"], 200),
        (["sec-fetch-site": "same-origin", "sec-fetch-mode": "navigate"], 200),
    ])
    func pagesOfOtherSitesGetNothing(headers: [String: String], status: Int) async throws {
        try await LiveServer.running(FakeBackend(), .withHTTP()) { server in
            try await LineClient.connected(to: server.http) { client in
                for path in ["/healthz", "/readyz", "/metrics"] {
                    let answer = try await client.http("GET", path, headers: headers)
                    #expect(answer?.status == status)
                }
            }
        }
    }
}
