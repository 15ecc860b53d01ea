import Foundation
import Testing

@testable import UnmaskService

@Suite(.timeLimit(.minutes(3))) struct TraceTests {
    private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    private static let parent = "00f067aa0ba902b7"

    /// The examples and rules of the recommendation (https://www.w3.org/TR/trace-context/).
    @Test(arguments: [
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", true),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00", true),
        ("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", true),
        ("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-the-future-will-be-like", true),
        ("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.what", false),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more", false),
        ("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", false),
        ("00-00000000000000000000000000000000-00f067aa0ba902b7-01", false),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", false),
        ("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", false),
        ("00-4bf92f3577b34da6a3ce929d0e0e473-600f067aa0ba902b7-01", false),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0", false),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g", false),
        ("", false),
    ])
    func theStandardsRules(header: String, isValid: Bool) {
        let trace = TraceContext(header)
        #expect((trace != nil) == isValid)
        if isValid { #expect(trace?.traceID == Self.trace && trace?.parentID == Self.parent) }
    }

    @Test func everyLogLineOfARequestCarriesItsTrace() async throws {
        let log = LogCapture()
        let header = "00-\(Self.trace)-\(Self.parent)-01"
        try await LiveServer.running(FakeBackend(), .withHTTP(), logger: log.logger()) { server in
            try await LineClient.connected(to: server.unix) { client in
                try await client.send(
                    #"{"id":1,"method":"embed","traceparent":"\#(header)","params":{"images":[{"frame":0}]},"bytes":[6]}"#,
                    frames: [FakeBackend.poison])
                #expect(try await client.receive()?.result?.failed == 1)
                try await client.send(#"{"id":2,"method":"health","traceparent":"nonsense"}"#)
                #expect(try await client.receive()?.result != nil, "tracing never makes a request fail")
                try await client.send(#"{"id":3,"method":"health","traceparent":7}"#)
                #expect(try await client.receive()?.error?.type == "invalid_request")
            }
            try await LineClient.connected(to: server.http) { client in
                let body = HTTPText.embeddings([[0xFF, 0xD8, 0xFF]])
                let answer = try await client.http(
                    "POST", "/v1/embeddings", headers: ["traceparent": header], body: body)
                #expect(answer?.status == 200)
            }
        }
        struct Line: Decodable {
            var level: String
            var message: String
            var traceID: String?
            var transport: String?

            private enum CodingKeys: String, CodingKey {
                case level, message, transport
                case traceID = "trace_id"
            }
        }
        let lines = try log.lines.map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
        let traced = lines.filter { $0.traceID == Self.trace }
        #expect(traced.filter { $0.message == "request" }.compactMap(\.transport).sorted() == ["http", "unix"])
        #expect(traced.contains { $0.level == "error" && $0.message == "request failed" }, "the engine's failure")
        #expect(lines.contains { $0.message == "request" && $0.traceID == nil }, "the untraced one")
        #expect(!log.text.contains("/9j/") && !log.text.contains("base64"), "an image was logged")
    }
}
