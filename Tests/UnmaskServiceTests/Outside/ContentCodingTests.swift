import Foundation
import NIOCore
import NIOHTTP1
import Testing

@testable import UnmaskService

/// Compressed bodies. Python's `gzip` and `zlib` made them.
@Suite(.timeLimit(.minutes(3))) struct ContentCodingTests {
    private static let question = #"""
        {"input":"data:image/jpeg;base64,YQ==","user":"a body that is long enough for a match, a body that is long enough for a match"}
        """#
    private static let gzip = bytes(
        "H4sIAAAAAAACA43KQQ5AMBAF0Kv8zLqJjViQHsLScjDaCq3odCHi7hzBW7+bQjyKUkszK7dhZyfVeojrRs7S1GborSVDJcv5JcaY5gvqWREythQdJKbi"
            + "PJZ0grGzTt7g36PnBVR/eQZ/AAAA")
    private static let zlib = bytes(
        "eJyNykEOQDAQBdCr/My6iY1YkB7C0nIw2gqt6HQh4u4cwVu/m0I8ilJLMyu3YWcn1XqI60bO0tRm6K0lQyXL+SXGmOYL6lkRMrYUHSSm4jyWdIKxs07e"
            + "4N+j5wWvpSsu")
    /// `gzip.compress(b" " * n)`.
    private static let spaces: [Int: String] = [
        0: "H4sIAAAAAAACAwMAAAAAAAAAAAA=",
        1: "H4sIAAAAAAACA1MAAEXPbOkBAAAA",
        65535: "H4sIAAAAAAACA+3BgQAAAACAIJX9KRepCgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
            + "AAAAAAAAAAAAAAAAABr6080o//8AAA==",
        65536: "H4sIAAAAAAACA+3BgQAAAACAIJX9KRepCgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
            + "AAAAAAAAAAAAAAAAAGqUGSy0AAABAA==",
        65537: "H4sIAAAAAAACA+3BgQAAAADDIJX5U/4gVQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
            + "AAAAAAAAAAAAAAAAAMANAbS6HgEAAQA=",
        131072: "H4sIAAAAAAACA+3BMQEAAADCoCrrn9LDGkABAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
            + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA3ACLNry7AAACAA==",
    ]

    private static func bytes(_ base64: String) -> [UInt8] { Data(base64Encoded: base64).map(Array.init) ?? [] }

    private static func account() -> ByteAccount {
        ByteBank(ByteLedger.Limits(total: 1 << 20, read: 64 << 10, request: 0, small: 0)).open {}
    }

    private static func content(
        _ body: [UInt8], _ coding: HTTPContentCoding, limit: Int = 1 << 20
    ) throws(ServiceError) -> [UInt8] {
        let account = account()
        let content = try HTTPContent(ByteBuffer(bytes: body), coding, limit: limit, account)
        #expect(account.bank.held == (coding == .identity ? 0 : content.bytes.readableBytes))
        content.release()
        #expect(account.bank.held == 0)
        return Array(content.bytes.readableBytesView)
    }

    @Test func bodiesComeBackWhateverTheirLength() throws {
        #expect(try Self.content(Self.gzip, .gzip) == Array(Self.question.utf8))
        #expect(try Self.content(Self.zlib, .deflate) == Array(Self.question.utf8))
        #expect(try Self.content(Self.gzip, .identity) == Self.gzip)
        for (count, base64) in Self.spaces {
            let spaces = Array(repeating: UInt8(ascii: " "), count: count)
            #expect(try Self.content(Self.bytes(base64), .gzip) == spaces)
            #expect(try Self.content(Self.bytes(base64), .gzip, limit: count) == spaces)
            guard count > 0 else { continue }
            let error = #expect(throws: ServiceError.self) {
                try Self.content(Self.bytes(base64), .gzip, limit: count - 1)
            }
            #expect(error?.type == .payloadTooLarge)
        }
    }

    /// A checksum stands behind the data: no damage gives other data.
    @Test func whatIsDamagedIsRefused() throws {
        for (body, coding, other) in [
            (Self.gzip, HTTPContentCoding.gzip, HTTPContentCoding.deflate), (Self.zlib, .deflate, .gzip),
        ] {
            var wrong = (0..<body.count).map { Array(body.prefix($0)) }
            wrong += [body + [0], body + body, Array(Self.question.utf8)]
            for body in wrong {
                let error = #expect(throws: ServiceError.self) { try Self.content(body, coding) }
                #expect(error?.type == .invalidRequest)
            }
            #expect(throws: ServiceError.self) { try Self.content(body, other) }
            for position in body.indices {
                for bit in 0..<8 {
                    var damaged = body
                    damaged[position] ^= 1 << bit
                    // Some bits of the head mean nothing: when and where the body was compressed.
                    guard let found = try? Self.content(damaged, coding) else { continue }
                    #expect(found == Array(Self.question.utf8))
                }
            }
        }
    }

    @Test func nothingIsInflatedWhereAllConnectionsHoldTooMuch() throws {
        let account = Self.account()
        account.add(2 << 20)
        let error = #expect(throws: ServiceError.self) {
            try HTTPContent(ByteBuffer(bytes: Self.gzip), .gzip, limit: 1 << 20, account)
        }
        #expect(error?.type == .overloaded)
        #expect(account.bank.held == 2 << 20)
    }

    private static func post(
        _ body: [UInt8], _ coding: String, _ path: String, _ client: inout LineClient
    ) async throws -> HTTPAnswer {
        let headers = ["content-encoding": coding, "content-length": "\(body.count)"]
        try await client.send(bytes: Array(HTTPText.request("POST", path, headers: headers).utf8) + body)
        return try #require(await client.receiveHTTP())
    }

    @Test func compressedQuestionsAreAnsweredAndBombsAreNot() async throws {
        let digest = ServerAnswer.Payload.numbers(FakeBackend.digest(of: Array("a".utf8)))
        let bomb = Self.bytes(Self.spaces[131072] ?? "")
        let configuration = ServiceConfiguration.withHTTP { $0.limits.payloadBytes = 100_000 }
        try await LiveServer.running(FakeBackend(), configuration) { server in
            try await LineClient.connected(to: server.http) { client in
                let good: [(body: [UInt8], coding: String)] = [
                    (Self.gzip, "gzip"), (Self.gzip, "GZIP"), (Self.gzip, "x-gzip"), (Self.gzip, "identity, gzip"),
                    (Self.zlib, "deflate"), (Array(Self.question.utf8), "identity"), (Array(Self.question.utf8), ""),
                ]
                for (body, coding) in good {
                    let answer = try await Self.post(body, coding, "/v1/embeddings", &client)
                    #expect(answer.status == 200, "\(coding): \(answer.text)")
                    #expect(try answer.decoded(EmbeddingsAnswer.self).data?.first?.embedding == digest)
                }
                for path in ["/v1/embeddings", "/pooling", "/v1/embed", "/v2/embed"] {
                    for coding in ["br", "zstd", "gzip, gzip", "deflate, gzip", "compress", "x"] {
                        let answer = try await Self.post(Self.gzip, coding, path, &client)
                        #expect(answer.status == 415 && answer.text.contains(coding), "\(coding): \(answer.text)")
                    }
                    #expect(try await Self.post(bomb, "gzip", path, &client).status == 413)
                    #expect(try await Self.post(Self.zlib, "gzip", path, &client).status == 400)
                }
                #expect(try await client.http("GET", "/healthz")?.status == 200, "the connection goes on")
                let metrics = try PrometheusParser(try #require(await client.http("GET", "/metrics")).text)
                #expect(metrics.value("unmask_errors_total", ["type": "payload_too_large"]) == 4)
            }
        }
    }
}
