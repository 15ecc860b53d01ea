import Testing

@testable import UnmaskService

/// A request line names HTTP/1.1 or HTTP/1.0, wherever it stands in a connection's bytes; llhttp reads RTSP and ICE as
/// well.
@Suite(.timeLimit(.minutes(3))) struct HTTPVersionTests {
    private static let names = ["HTTP", "RTSP", "ICE", "HTTPS", "http", "Http", "HTT", "XHTTP", "SIP", ""]
    private static let numbers = ["1.0", "1.1", "0.9", "1.2", "2.0", "3.0", "1", "1.", "01.1", "1.10", "/1.1"]
    private static let methods = ["GET", "POST", "OPTIONS", "SOURCE", "DESCRIBE", "PLAY", "GET_PARAMETER"]
    private static let head = "\r\nhost: localhost\r\n\r\n"
    private static let get = "GET /healthz HTTP/1.1" + head

    /// The status of a request whose line is right but for its method; nil where the line is not.
    private static func status(_ method: String, _ version: String) -> Int? {
        guard version == "HTTP/1.0" || version == "HTTP/1.1" else { return nil }
        switch method {
        case "GET": return 200
        case "POST", "OPTIONS", "SOURCE": return 405
        default: return nil
        }
    }

    private static func forEach(
        _ names: [String] = names, _ numbers: [String] = numbers, _ methods: [String] = methods,
        _ body: (_ request: String, _ status: Int?) async throws -> Void
    ) async throws {
        for method in methods {
            for version in names.flatMap({ name in numbers.map { name + "/" + $0 } }) {
                try await body("\(method) /healthz \(version)" + head, status(method, version))
            }
        }
    }

    @Test func otherProtocolsAreRefusedOnceAndNothingFollows() async throws {
        try await LiveServer.running(FakeBackend(), .withHTTP()) { server in
            try await Self.forEach { request, status in
                try await LineClient.connected(to: server.http) { client in
                    try await client.send(bytes: request.utf8)
                    let answer = try #require(await client.receiveHTTP())
                    #expect(answer.status == status ?? 400, "\(request.debugDescription)")
                    guard status == nil else { return }
                    #expect(answer.headers["connection"] == "close")
                    try? await client.send(bytes: Self.get.utf8)
                    let end = try? await client.receiveHTTP()
                    #expect(end == nil)
                }
            }
        }
    }

    /// Behind requests of every kind, in one piece with them and cut anywhere.
    @Test(arguments: [1, 7, 100_000])
    func noRequestBeforeMakesThemPass(piece: Int) async throws {
        let body = HTTPText.embeddings([[1]], "\n\r\n\n\n\r\n\r\n")
        let post = HTTPText.request("POST", "/v1/embeddings", body: body)
        let chunks = HTTPText.request("POST", "/v1/embeddings", headers: ["transfer-encoding": "chunked"])
        let upgrade = HTTPText.request("GET", "/healthz", headers: ["upgrade": "h2c", "connection": "upgrade"])
        let before: [(text: String, statuses: [Int])] = [
            (Self.get, [200]), (post, [200]), (post + "\r\n\r\n", [200]),
            (post + chunks + "2;a=b\r\n\n\n\r\n0\r\nx: RTSP/1.0\r\n\r\n", [200, 400]),
            (upgrade + Self.get, [200, 200]), (upgrade + upgrade + post, [200, 200, 200]),
        ]
        try await LiveServer.running(FakeBackend(), .withHTTP()) { server in
            for (text, statuses) in before {
                try await Self.forEach(["HTTP", "RTSP", "ICE"], ["1.0", "1.1", "2.0"], ["GET", "SOURCE"]) {
                    request, status in
                    let note = (text.suffix(40) + request).debugDescription
                    // One after the other.
                    try await LineClient.connected(to: server.http) { client in
                        try await client.send(bytes: text.utf8, inPiecesOf: piece)
                        for expected in statuses {
                            let got = try await client.receiveHTTP()?.status
                            #expect(got == expected, "\(note)")
                        }
                        try? await client.send(bytes: request.utf8, inPiecesOf: piece)
                        let got = try await client.receiveHTTP()?.status
                        #expect(got == status ?? 400, "\(note)")
                    }
                    // All at once: what is being answered when the fault is met is the last that is.
                    try await LineClient.connected(to: server.http) { client in
                        try? await client.send(bytes: (text + request + Self.get).utf8, inPiecesOf: piece)
                        var got: [Int] = []
                        while got.count < statuses.count + 2, let answer = try? await client.receiveHTTP() {
                            got.append(answer.status)
                        }
                        let more = request.contains("HTTP/1.1") ? [200] : []
                        let isRight = status.map { got == statuses + [$0] + more }
                        #expect(isRight ?? (statuses + [400]).starts(with: got), "\(got) \(note)")
                    }
                }
            }
        }
    }
}
