import Foundation
import Testing

@testable import UnmaskService

/// The page's files; what they do in a browser is Tests/Oracles/page.
@Suite(.timeLimit(.minutes(3))) struct PageTests {
    private static func gets(
        _ path: String, headers: [String: String] = [:], _ configuration: ServiceConfiguration = .withHTTP()
    ) async throws -> HTTPAnswer {
        try await LiveServer.running(FakeBackend(), configuration) { server in
            try await LineClient.connected(to: server.http) { client in
                try #require(await client.http("GET", path, headers: headers))
            }
        }
    }

    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../Sources/CUnmaskPage/files").standardizedFileURL

    @Test func everyFileIsServedAsItIs() async throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
        #expect(names.contains("index.html"))
        let types = [
            "html": "text/html", "css": "text/css", "js": "text/javascript", "png": "image/png",
            "json": "application/json",
        ]
        try await LiveServer.running(FakeBackend(), .withHTTP()) { server in
            try await LineClient.connected(to: server.http) { client in
                for name in names {
                    let answer = try #require(await client.http("GET", "/page/\(name)"))
                    #expect(answer.status == 200, "\(name)")
                    #expect(answer.body == Array(try Data(contentsOf: Self.folder.appending(path: name))), "\(name)")
                    let type = try #require(types[(name as NSString).pathExtension])
                    #expect(answer.headers["content-type"]?.hasPrefix(type) == true, "\(name)")
                }
                let first = try await client.http("GET", "/?x=1")
                #expect(first?.body == Array(try Data(contentsOf: Self.folder.appending(path: "index.html"))))
                #expect(try await client.http("HEAD", "/")?.status == 200)
                #expect(try await client.http("POST", "/", body: "")?.status == 405)
            }
        }
    }

    /// Files name each other by these paths, and nothing of elsewhere.
    @Test func whatTheFilesNameIsThere() throws {
        let names = Set(try FileManager.default.contentsOfDirectory(atPath: Self.folder.path))
        for name in names where !name.hasSuffix(".png") {
            let text = try String(contentsOf: Self.folder.appending(path: name), encoding: .utf8)
            for match in text.matches(of: /(?:from "\.\/|"page\/)([^"]+)"/) {
                #expect(names.contains(String(match.1)), "\(name) names \(match.1)")
            }
            #expect(!text.contains(/(src|href)="(https?:)?\/\//) && !text.contains("@import"), "\(name)")
        }
    }

    @Test func nothingComesFromElsewhere() async throws {
        let answer = try await Self.gets("/")
        let policy = try #require(answer.headers["content-security-policy"])
        #expect(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"))
        #expect(!policy.contains("unsafe") && !policy.contains("http"))
        #expect(answer.headers["x-content-type-options"] == "nosniff")
        // Its own policy would stop these.
        #expect(!answer.text.contains(/<script(?![^>]*\bsrc=)/) && !answer.text.contains(/\bstyle=|\bon[a-z]+=/))
    }

    @Test(arguments: [
        "/page/", "/page/nothing.js", "/page/../Package.swift", "/page/%2e%2e/x", "/page/index.html/", "/page",
    ])
    func thereAreNoOtherFiles(path: String) async throws {
        #expect(try await Self.gets(path).status == 404)
    }

    /// A link in a mail opens it; what it then asks is checked as any page's question is.
    @Test func aLinkFromElsewhereOpensIt() async throws {
        let headers = ["sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"]
        #expect(try await Self.gets("/", headers: headers).status == 200)
        #expect(try await Self.gets("/v1/models", headers: headers).status == 403)
    }

    private struct Description: Decodable {
        var paths: [String: [String: Operation]]

        struct Operation: Decodable { var summary: String }
    }

    /// The document has every path and what it takes; that answers fit it is tested by `make parity-http`.
    @Test func thePortSaysWhatItAnswers() async throws {
        let answer = try await Self.gets("/openapi.json")
        #expect(answer.status == 200 && answer.headers["content-type"] == "application/json")
        let described = try answer.decoded(Description.self).paths.mapValues { Set($0.keys) }
        let routes = HTTPRoute.allCases.filter { $0 != .page && $0 != .pageFile }
        let expected = routes.map {
            ($0.rawValue, Set($0.methods.map { $0.rawValue.lowercased() }).subtracting(["head"]))
        }
        #expect(described == Dictionary(uniqueKeysWithValues: expected))
    }

    @Test func itCanBeOff() async throws {
        let configuration = ServiceConfiguration.withHTTP { $0.http?.hasPage = false }
        for path in ["/", "/page/page.js"] {
            let answer = try await Self.gets(path, configuration)
            #expect(answer.status == 404 && answer.text.contains("--no-page"))
        }
    }
}
