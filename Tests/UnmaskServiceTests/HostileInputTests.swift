import Foundation
import Testing

@testable import UnmaskService

/// Bytes in any pieces, and bytes that are no requests, over real sockets: each has its own error, and the next request
/// of the same connection is answered.
@Suite struct HostileInputTests {
    private static let next = #"{"id":99,"method":"health"}"#

    private static func line(_ text: String) -> [UInt8] { Array(text.utf8) + [0x0A] }

    @Test(arguments: ["unix", "tcp"])
    func requestsCutAtEveryByteAreTheSame(kind: String) async throws {
        let image: [UInt8] = [1, 2, 0x0A, 0x7B, 0xFF]
        let embed = #"{"id":1,"method":"embed","params":{"images":[{"frame":0}]},"bytes":[5]}"#
        let bytes = Self.line(embed) + image + Self.line("nonsense") + Self.line(Self.next)
        try await LiveServer.running(FakeBackend()) { server in
            try await LineClient.connected(to: kind == "unix" ? server.unix : server.tcp) { client in
                for cut in 1..<bytes.count {
                    try await client.send(bytes: bytes[..<cut])
                    try await Task.sleep(for: .milliseconds(1))
                    try await client.send(bytes: bytes[cut...])
                    var answers: [ServerAnswer] = []
                    for _ in 0..<3 { answers.append(try #require(await client.receive())) }
                    let vector = answers.first { $0.id == 1 }?.result?.results?.first?.embedding
                    #expect(vector == .numbers(FakeBackend.digest(of: image)), "cut at \(cut)")
                    #expect(answers.contains { $0.error?.type == "parse_error" }, "cut at \(cut)")
                    #expect(answers.contains { $0.id == 99 && $0.result?.status == "ok" }, "cut at \(cut)")
                }
            }
        }
    }

    @Test func manyRequestsInOnePacketAreAllAnswered() async throws {
        try await LiveServer.running(FakeBackend(), .with { $0.limits.queuedImages = 1000 }) { server in
            try await LineClient.connected(to: server.tcp) { client in
                let bytes = (0..<300).flatMap { id in
                    Self.line(#"{"id":\#(id),"method":"embed","params":{"images":[{"frame":0}]},"bytes":[2]}"#)
                        + [UInt8(id / 256), UInt8(id % 256)]
                }
                try await client.send(bytes: bytes)
                var seen: Set<Int> = []
                for _ in 0..<300 {
                    let answer = try #require(await client.receive())
                    let id = try #require(answer.id)
                    let digest = FakeBackend.digest(of: [UInt8(id / 256), UInt8(id % 256)])
                    #expect(answer.result?.results?.first?.embedding == .numbers(digest))
                    #expect(seen.insert(id).inserted)
                }
            }
        }
    }

    /// What is sent, what comes back before the next request's answer, and with which id.
    private static let bad: [(name: String, bytes: [UInt8], type: String, id: Int?)] = [
        ("not JSON", line("embed the picture"), "parse_error", nil),
        ("invalid UTF-8", line(#"{"id":5,"method":"x"#).dropLast() + [0xC3, 0x28, 0x22, 0x7D, 0x0A], "parse_error", 5),
        ("a lone surrogate", line(#"{"id":5,"method":"\ud800"}"#), "parse_error", 5),
        ("a control character", line("{\"id\":5,\"method\":\"a\u{1}\"}"), "parse_error", 5),
        ("deep nesting", line(String(repeating: "[", count: 100_000)), "parse_error", nil),
        (
            "nesting inside a request",
            line(
                #"{"id":5,"method":"embed","params":"# + String(repeating: #"{"a":"#, count: 40) + "1"
                    + String(repeating: "}", count: 40) + "}"), "parse_error", 5
        ),
        (
            "many values", line(#"{"id":5,"params":["# + String(repeating: "0,", count: 70_000) + "0]}"),
            "parse_error", 5
        ),
        ("a duplicate key", line(#"{"id":5,"method":"health","params":{"a":1,"a":2}}"#), "parse_error", 5),
        ("a duplicate id", line(#"{"id":5,"id":6,"method":"health"}"#), "parse_error", 6),
        (
            "a huge number", line(#"{"id":5,"method":"embed","params":{"images":[],"dimensions":1e999}}"#),
            "invalid_params", 5
        ),
        (
            "a long number",
            line(
                #"{"id":5,"method":"embed","params":{"images":[],"seed":"# + String(repeating: "9", count: 5000) + "}}"),
            "invalid_params", 5
        ),
        (
            "a long id", line(#"{"id":""# + String(repeating: "a", count: 300) + #"","method":"health"}"#),
            "invalid_request", nil
        ),
        (
            "a frame of impossible length", line(#"{"id":5,"method":"embed","bytes":[9223372036854775807]}"#),
            "invalid_request", 5
        ),
        (
            "lengths that overflow", line(#"{"id":5,"method":"embed","bytes":[9223372036854775807,9]}"#),
            "invalid_request", 5
        ),
        ("a negative length", line(#"{"id":5,"method":"embed","bytes":[-1]}"#), "invalid_request", 5),
        (
            "too large a payload",
            line(#"{"id":5,"method":"embed","bytes":[200000]}"#) + Array(repeating: 0x7B, count: 200_000),
            "payload_too_large", 5
        ),
        (
            "too many frames",
            line(
                #"{"id":5,"method":"embed","bytes":["# + Array(repeating: "1", count: 65).joined(separator: ",") + "]}")
                + Array(repeating: 0x0A, count: 65), "payload_too_large", 5
        ),
        (
            "a frame that is not there", line(#"{"id":5,"method":"embed","params":{"images":[{"frame":0}]}}"#),
            "invalid_params", 5
        ),
        (
            "a long line", line(#"{"id":5,"method":""# + String(repeating: "a", count: 2_000_000) + #""}"#),
            "line_too_long", 5
        ),
        ("a batch", line(#"[{"id":5,"method":"health"}]"#), "invalid_request", nil),
    ]

    @Test func theConnectionSurvivesEverythingWithItsOwnError() async throws {
        let configuration = ServiceConfiguration.with {
            $0.limits.lineBytes = 1 << 20
            $0.limits.payloadBytes = 100_000
        }
        try await LiveServer.running(FakeBackend(), configuration) { server in
            for address in server.addresses {
                try await LineClient.connected(to: address) { client in
                    for (name, bytes, type, id) in Self.bad {
                        try await client.send(bytes: bytes)
                        let refusal = try #require(await client.receive(), "\(name)")
                        #expect(refusal.error?.type == type && refusal.id == id, "\(name): \(refusal.text)")
                        #expect(try await client.ask(Self.next).id == 99, "\(name)")
                    }
                }
            }
        }
    }

    @Test func aFrameShorterThanSentLeavesALineToRefuse() async throws {
        try await LiveServer.running(FakeBackend()) { server in
            try await LineClient.connected(to: server.unix) { client in
                let embed = #"{"id":1,"method":"embed","params":{"images":[{"frame":0}]},"bytes":[2]}"#
                try await client.send(bytes: Self.line(embed) + Self.line("abcde"))
                let answers = [try #require(await client.receive()), try #require(await client.receive())]
                #expect(
                    answers.contains {
                        $0.result?.results?.first?.embedding == .numbers(FakeBackend.digest(of: "ab".utf8))
                    })
                #expect(answers.contains { $0.error?.type == "parse_error" })
                #expect(try await client.ask(Self.next).id == 99)
            }
        }
    }

    @Test func aMebibyteOfBase64IsALineLikeAnyOther() async throws {
        var generator = SplitMix(state: 3)
        let image = (0..<786_432).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let base64 = Data(image).base64EncodedString()
        #expect(base64.utf8.count == 1 << 20)
        let answer = try await LiveServer.ask(
            #"{"id":1,"method":"embed","params":{"images":[{"base64":"\#(base64)"}]}}"#)
        #expect(answer.result?.results?.first?.embedding == .numbers(FakeBackend.digest(of: image)))
    }
}
