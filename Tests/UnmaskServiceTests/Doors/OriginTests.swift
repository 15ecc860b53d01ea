import Foundation
import Testing

@testable import UnmaskService

/// Whose web pages may ask.
@Suite(.timeLimit(.minutes(3))) struct OriginTests {
    private static let told = "https://a.name:8443"

    private static func configured() -> ServiceConfiguration {
        .withHTTP { $0.http?.allowedOrigins = ["https://A.name:8443", "http://localhost:3000"] }
    }

    private static func embeds(_ headers: [String: String], _ configuration: ServiceConfiguration) async throws
        -> HTTPAnswer
    {
        try await LiveServer.running(FakeBackend(), configuration) { server in
            try await LineClient.connected(to: server.http) { client in
                let body = HTTPText.embeddings([[1]])
                return try #require(await client.http("POST", "/v1/embeddings", headers: headers, body: body))
            }
        }
    }

    @Test(
        "a request of a page is taken from the server's own and from those of its list",
        arguments: [
            ["origin": "http://localhost"], ["origin": "https://localhost"], ["origin": "HTTP://LOCALHOST"],
            ["origin": "http://localhost", "sec-fetch-site": "same-origin"],
            ["origin": told], ["origin": told, "sec-fetch-site": "cross-site"], ["origin": "http://localhost:3000"],
            ["sec-fetch-site": "same-origin"], [:],
        ])
    func taken(headers: [String: String]) async throws {
        let answer = try await Self.embeds(headers, Self.configured())
        #expect(answer.status == 200, "\(answer.text)")
        let isShared = [Self.told, "http://localhost:3000"].contains(headers["origin"])
        #expect(answer.headers["access-control-allow-origin"] == (isShared ? headers["origin"] : nil))
        #expect(answer.headers["vary"] == (isShared ? "origin" : nil))
    }

    @Test(
        "and from no other",
        arguments: [
            ["origin": "https://example.com"], ["origin": "null"], ["origin": ""], ["origin": "http://localhost:81"],
            ["origin": "http://localhost.example.com"], ["origin": "http://localhost/"], ["origin": "ftp://localhost"],
            ["origin": "http://127.0.0.1"], ["origin": "https://a.name"], ["origin": "http://a.name:8443"],
            ["origin": told + ".example.com"], ["origin": told + ", " + told],
            ["origin": "http://localhost", "sec-fetch-site": "cross-site"],
            ["origin": "http://localhost", "sec-fetch-site": "same-site"],
            ["sec-fetch-site": "cross-site"], ["sec-fetch-site": "same-site"], ["sec-fetch-site": "other"],
        ])
    func refused(headers: [String: String]) async throws {
        let answer = try await Self.embeds(headers, Self.configured())
        #expect(answer.status == 403 && answer.text.contains("--allow-origin"), "\(answer.text)")
        #expect(answer.headers["access-control-allow-origin"] == nil)
    }

    @Test func twoOriginsAreNone() async throws {
        try await LiveServer.running(FakeBackend(), Self.configured()) { server in
            try await LineClient.connected(to: server.http) { client in
                let lines = "origin: \(Self.told)\r\norigin: \(Self.told)\r\n"
                try await client.send(bytes: "GET /metrics HTTP/1.1\r\nhost: localhost\r\n\(lines)\r\n".utf8)
                #expect(try await client.receiveHTTP()?.status == 403)
            }
        }
    }

    @Test func whereAnyNameLeadsHereAndNothingIsAskedForNoPageIsTheServersOwn() async throws {
        let configuration = ServiceConfiguration.withHTTP {
            $0.http = .init(address: .init(host: "0.0.0.0", port: 0))
            $0.access.insecureListen = true
        }
        try await LiveServer.running(FakeBackend(), configuration) { server in
            try await LineClient.connected(to: ExposedServer.local(server.http)) { client in
                let program = try await client.http("GET", "/metrics")
                let page = try await client.http("GET", "/metrics", headers: ["origin": "http://localhost"])
                #expect(program?.status == 200 && page?.status == 403)
            }
        }
    }

    @Test func aBrowserLearnsWhatItMayAsk() async throws {
        try await LiveServer.running(FakeBackend(), Self.configured()) { server in
            try await LineClient.connected(to: server.http) { client in
                var headers = ["origin": Self.told, "access-control-request-method": "POST"]
                let answer = try #require(await client.http("OPTIONS", "/v1/classify", headers: headers))
                #expect(answer.status == 200 && answer.body.isEmpty)
                #expect(answer.headers["access-control-allow-origin"] == Self.told)
                #expect(answer.headers["access-control-allow-methods"] == "POST")
                let allowed = answer.headers["access-control-allow-headers"] ?? ""
                for name in ["authorization", "content-type"] { #expect(allowed.contains(name)) }

                // A page that may ask also reads why it was refused.
                let fault = try await client.http("POST", "/v1/classify", headers: headers, body: "{}")
                #expect(fault?.status == 400 && fault?.headers["access-control-allow-origin"] == Self.told)
                let missing = try await client.http("OPTIONS", "/nowhere", headers: headers)
                #expect(missing?.status == 404)

                headers["origin"] = "https://example.com"
                #expect(try await client.http("OPTIONS", "/v1/classify", headers: headers)?.status == 403)
                // What asks for nothing is no question of a browser's.
                #expect(try await client.http("OPTIONS", "/v1/classify")?.status == 405)
            }
        }
    }

    @Test func anAllowedOriginIsSchemeHostAndPortAlone() {
        for origin in ["http://a", "https://a.name", "https://A:8443", "http://[::1]:7701", "http://10.0.0.1"] {
            #expect(HTTPOrigins.isOrigin(origin), "\(origin)")
        }
        let none = [
            "", "*", "null", "a.name", "http://", "http://a/", "http://a:", "http://a:0x1", "http://a:70000",
            "http://a:080",
            "ftp://a", "http://a b", "http://u@a", "http://[a]", "file:///a", "http://a?b",
        ]
        for origin in none {
            #expect(!HTTPOrigins.isOrigin(origin), "\(origin)")
            let configuration = ServiceConfiguration.withHTTP {
                $0.tcp = .init(port: 0)
                $0.http?.allowedOrigins = [origin]
            }
            #expect(throws: ConfigurationError.originUnusable(origin)) { try configuration.validate() }
        }
    }
}
