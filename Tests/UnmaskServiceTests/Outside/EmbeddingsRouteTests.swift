import Foundation
import Testing

@testable import UnmaskService

/// `POST /v1/embeddings` over real sockets.
@Suite(.timeLimit(.minutes(3))) struct EmbeddingsRouteTests {
    private static let path = "/v1/embeddings"

    private static func post(
        _ body: String, _ configuration: ServiceConfiguration = .withHTTP()
    ) async throws -> HTTPAnswer {
        try await LiveServer.running(FakeBackend(), configuration) { server in
            try await LineClient.connected(to: server.http) { client in
                try #require(await client.http("POST", path, body: body))
            }
        }
    }

    @Test func vectorsAreThoseOfTheSocketInBothEncodings() async throws {
        let images = (0..<7).map { Array("image \($0)".utf8) }
        let digests = images.map { FakeBackend.digest(of: $0) }
        let numbers = try await Self.post(HTTPText.embeddings(images, #","model":"fake""#))
        #expect(numbers.status == 200 && numbers.headers["content-type"] == "application/json")
        let answer = try numbers.decoded(EmbeddingsAnswer.self)
        #expect(answer.data?.map(\.embedding) == digests.map { .numbers($0) })
        #expect(answer.data?.map(\.index) == Array(0..<7))
        #expect(answer.data?.allSatisfy { $0.object == "embedding" } == true)
        #expect(answer.model == "fake")
        #expect(answer.usage?.totalTokens == 7 * 50, "49 patches and the class token each")

        let base64 = try await Self.post(
            HTTPText.embeddings(images, #","encoding_format":"base64","modality":"image""#))
        let bytes = digests.map { Data($0.flatMap { withUnsafeBytes(of: $0.bitPattern.littleEndian, Array.init) }) }
        let encoded = try base64.decoded(EmbeddingsAnswer.self).data?.map(\.embedding)
        #expect(encoded == bytes.map { .base64($0.base64EncodedString()) })
    }

    @Test func lengthOneAndTheLeadingDimensionsAreAskedOfTheEngine() async throws {
        let backend = FakeBackend()
        try await LiveServer.running(backend, .withHTTP()) { server in
            try await LineClient.connected(to: server.http) { client in
                let body = HTTPText.embeddings([[1]], #","dimensions":4,"model":"default/not-specified","user":"me""#)
                let all = HTTPText.embeddings([[1]], #","dimensions":0"#)
                for question in [body, all] {
                    let answer = try await client.http("POST", Self.path, body: question)
                    #expect(answer?.status == 200)
                }
            }
        }
        let asked = backend.batches.flatMap(\.items).map(\.operation)
        #expect(asked == [4, 8].map { .embed(VectorOptions(pooling: .mean, normalize: true, dimensions: $0)) })
    }

    @Test func aBadImageLeavesTheOthersAlone() async throws {
        let images = [Array("a".utf8), FakeBackend.corrupt, Array("b".utf8)]
        let mixed = try await Self.post(HTTPText.embeddings(images))
        let entries = try #require(try mixed.decoded(EmbeddingsAnswer.self).data)
        #expect(mixed.status == 200)
        #expect(entries.map { $0.error?.code } == [nil, "image_decode_failed", nil])
        #expect(entries[2].embedding == .numbers(FakeBackend.digest(of: images[2])))
        #expect(entries[1].embedding == nil)

        let alone = try await Self.post(HTTPText.embeddings([FakeBackend.corrupt]))
        #expect(alone.status == 400)
        #expect(try alone.decoded(EmbeddingsAnswer.self).error?.code == "image_decode_failed")
    }

    @Test(arguments: [
        (#"{"input":"https://example.com/cat.jpg"}"#, 400, "invalid_params"),
        (#"{"input":["data:image/png;base64,YQ==","HTTP://127.0.0.1/"]}"#, 400, "invalid_params"),
        (#"{"input":"file:///etc/passwd"}"#, 400, "invalid_params"),
        (#"{"input":"a cat on a mat"}"#, 400, "invalid_params"),
        (#"{"input":"data:text/plain;base64,YQ=="}"#, 400, "invalid_params"),
        (#"{"input":"data:image/png,YQ=="}"#, 400, "invalid_params"),
        (#"{"input":"data:image/png;base64"}"#, 400, "invalid_params"),
        (#"{"input":[3]}"#, 400, "invalid_params"),
        (#"{"input":[]}"#, 400, "invalid_params"),
        (#"{}"#, 400, "invalid_params"),
        (#"{"input":"data:image/png;base64,YQ==","modality":"text"}"#, 400, "invalid_params"),
        (#"{"input":"data:image/png;base64,YQ==","dimensions":9}"#, 400, "invalid_params"),
        (#"{"input":"data:image/png;base64,YQ==","dimension":3}"#, 400, "invalid_params"),
        (#"{"input":"data:image/png;base64,YQ==","model":"other"}"#, 404, "model_not_found"),
        (#"{"input":"data:image/png;base64,YQ!!"}"#, 400, "image_decode_failed"),
        ("nonsense", 400, "parse_error"),
        ("", 400, "parse_error"),
    ])
    func whatIsWrongIsSaidInOpenAIsShape(body: String, status: Int, code: String) async throws {
        let answer = try await Self.post(body)
        let error = try #require(try answer.decoded(EmbeddingsAnswer.self).error)
        #expect(answer.status == status && error.code == code, "\(error.message)")
        #expect(error.type == "invalid_request_error")
        if body.contains("://") || body.contains("HTTP") { #expect(error.message.contains("fetches none")) }
    }

    @Test func webPagesAreTurnedAway() async throws {
        try await LiveServer.running(FakeBackend(), .withHTTP()) { server in
            try await LineClient.connected(to: server.http) { client in
                let answer = try await client.http(
                    "POST", Self.path, headers: ["origin": "https://example.com"], body: HTTPText.embeddings([[1]]))
                #expect(answer?.status == 403)
            }
        }
    }

    @Test func tooMuchIsRefusedAndTheConnectionGoesOn() async throws {
        let configuration = ServiceConfiguration.withHTTP {
            $0.limits.payloadBytes = 10_000
            $0.limits.imagesPerRequest = 2
        }
        try await LiveServer.running(FakeBackend(), configuration) { server in
            try await LineClient.connected(to: server.http) { client in
                let large = HTTPText.embeddings([Array(repeating: 7, count: 60_000)])
                #expect(try await client.http("POST", Self.path, body: large)?.status == 413)
                let many = try await client.http("POST", Self.path, body: HTTPText.embeddings([[1], [2], [3]]))
                #expect(many?.status == 413)
                let good = try await client.http("POST", Self.path, body: HTTPText.embeddings([[1], [2]]))
                #expect(good?.status == 200)
                // The same without a length beforehand: nobody knows how much is still to come.
                let chunks = stride(from: 0, to: large.utf8.count, by: 5000).map { start in
                    let part = large.utf8.dropFirst(start).prefix(5000)
                    return String(part.count, radix: 16) + "\r\n" + String(decoding: part, as: UTF8.self) + "\r\n"
                }
                let head = HTTPText.request("POST", Self.path, headers: ["transfer-encoding": "chunked"])
                try await client.send(bytes: (head + chunks.joined() + "0\r\n\r\n").utf8)
                let refused = try await client.receiveHTTP()
                #expect(refused?.status == 413 && refused?.headers["connection"] == "close")
                #expect(try await client.receiveHTTP() == nil)
            }
        }
    }

    @Test func anOverloadedServerSaysWhenToComeBack() async throws {
        let gate = Gate()
        let configuration = ServiceConfiguration.withHTTP {
            $0.limits.imagesPerRequest = 1
            $0.limits.queuedImages = 1
        }
        try await LiveServer.running(FakeBackend(gate: gate), configuration) { server in
            defer { gate.open() }
            try await LineClient.connected(to: server.unix) { client in
                let embed = #"{"id":1,"method":"embed","params":{"images":[{"base64":"YQ=="}]}}"#
                try await client.send(embed)
                try await eventually { gate.hasWaiter }
                try await client.send(embed)
                try await client.send(#"{"id":2,"method":"health"}"#)
                #expect(try await client.receive()?.id == 2)
                let refused = try await LineClient.connected(to: server.http) { client in
                    try #require(await client.http("POST", Self.path, body: HTTPText.embeddings([[1]])))
                }
                #expect(refused.status == 503)
                #expect(refused.headers["retry-after"].flatMap(Int.init) ?? 0 >= 1)
                #expect(refused.headers["retry-after-ms"].flatMap(Int.init) ?? 0 >= 1)
                let error = try #require(try refused.decoded(EmbeddingsAnswer.self).error)
                #expect(error.code == "overloaded" && error.type == "server_error")
                gate.open()
            }
        }
    }
}
