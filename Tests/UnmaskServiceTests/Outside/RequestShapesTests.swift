import Foundation
import Testing

@testable import UnmaskService

/// The forms in which clients of OpenAI's, vLLM's, Infinity's and Jina's APIs ask for the vectors of images.
@Suite(.timeLimit(.minutes(3))) struct RequestShapesTests {
    private static let image = Array("an image".utf8)
    private static let base64 = Data(image).base64EncodedString()
    private static let uri = "data:image/png;base64," + base64
    private static let part = #"{"type":"image_url","image_url":{"url":"\#(uri)"}}"#

    private static func post(_ path: String, _ body: String) async throws -> HTTPAnswer {
        try await LiveServer.running(FakeBackend(), .withHTTP()) { server in
            try await LineClient.connected(to: server.http) { client in
                try #require(await client.http("POST", path, body: body))
            }
        }
    }

    /// One image in each.
    private static let references = [
        "\"\(uri)\"", part,
        #"{"type":"image_url","image_url":{"url":"\#(uri)","detail":"low"}}"#,
        #"{"type":"input_image","image_url":"\#(uri)"}"#,
        #"{"image_url":{"url":"\#(uri)"}}"#, #"{"image_url":"\#(uri)"}"#,
        #"{"image":"\#(uri)"}"#, #"{"image":"\#(base64)"}"#, #"{"type":"image","image":"\#(base64)"}"#,
        #"{"url":"\#(uri)"}"#, #"{"bytes":"\#(base64)"}"#, #"{"bytes":"\#(uri)"}"#, #"{"image":"\#(uri)","url":null}"#,
    ]

    private static let questions =
        references.map { #"{"input":\#($0)}"# } + references.map { #"{"input":[\#($0)]}"# }
        + ["[\(part)]", #"[{"type":"text","text":""},\#(part)]"#].flatMap { content in
            [
                #"{"messages":[{"role":"user","content":\#(content)}]}"#,
                #"{"messages":[{"role":"system","content":""},{"role":"user","content":\#(content)}],"input":null}"#,
                #"{"messages":[{"role":"user","content":\#(content)},{"role":"assistant","content":null}]}"#,
            ]
        }

    @Test(arguments: ["/v1/embeddings", "/pooling"])
    func everyFormOfAnImageIsUnderstood(path: String) async throws {
        let expected = ServerAnswer.Payload.numbers(FakeBackend.digest(of: Self.image))
        try await LiveServer.running(FakeBackend(), .withHTTP()) { server in
            try await LineClient.connected(to: server.http) { client in
                for question in Self.questions {
                    let answer = try #require(await client.http("POST", path, body: question))
                    let found = try answer.decoded(ListAnswer.self).data?.map { $0.embedding ?? $0.data }
                    #expect(answer.status == 200 && found == [expected], "\(question): \(answer.text)")
                }
                let all = #"{"input":[\#(Self.references.joined(separator: ","))]}"#
                let answer = try #require(await client.http("POST", path, body: all))
                let found = try answer.decoded(ListAnswer.self).data?.map { $0.embedding ?? $0.data }
                #expect(found == Self.references.map { _ in expected })
            }
        }
    }

    @Test func poolingAnswersInVLLMsShape() async throws {
        let corrupt = Data(FakeBackend.corrupt).base64EncodedString()
        let answer = try await Self.post(
            "/pooling",
            #"{"model":"fake","task":"embed","input":[\#(Self.part),{"image":"\#(corrupt)"}],"encoding_format":"base64"}"#
        )
        let list = try answer.decoded(ListAnswer.self)
        #expect(answer.status == 200 && list.object == "list" && list.model == "fake")
        #expect(list.id?.hasPrefix("pool-") == true && list.created ?? 0 > 1_700_000_000)
        #expect(list.usage?.promptTokens == 2 * 50)
        let entries = try #require(list.data)
        #expect(entries.map(\.object) == ["pooling", "pooling"] && entries.map(\.index) == [0, 1])
        let digest = FakeBackend.digest(of: Self.image)
        let bytes = digest.flatMap { withUnsafeBytes(of: $0.bitPattern.littleEndian, Array.init) }
        #expect(entries[0].data == .base64(Data(bytes).base64EncodedString()))
        #expect(entries[1].data == nil && entries[1].error?.code == "image_decode_failed")
    }

    @Test func jinasNameOfTheEncodingIsUnderstood() async throws {
        let answer = try await Self.post(
            "/v1/embeddings", #"{"input":[{"image":"\#(Self.base64)"}],"embedding_type":"base64"}"#)
        guard case .base64 = try answer.decoded(ListAnswer.self).data?.first?.embedding else {
            Issue.record("\(answer.text)")
            return
        }
    }

    /// The part of the message that names what is wrong.
    private static let refusals: [(body: String, says: String)] = [
        (#"{"input":"a cat"}"#, "body.input is text"),
        (#"{"input":["\#(uri)","a cat"]}"#, "body.input[1] is text"),
        (#"{"input":{"text":"a cat"}}"#, "body.input is text"),
        (#"{"input":[{"type":"text","text":"a cat"}]}"#, "body.input[0] is text"),
        (#"{"input":[[1,2,3]]}"#, "body.input[0] must be an image"),
        (#"{"input":[1,2,3]}"#, "body.input[0] must be an image"),
        (#"{"input":{"image":"https://a.b/c.png"}}"#, "body.input.image is a URL (https:)"),
        (#"{"input":{"url":"file:///etc/passwd"}}"#, "body.input.url is a URL (file:)"),
        (#"{"input":{"url":"abc"}}"#, "body.input.url is text"),
        (#"{"input":[{"image_url":{"url":"http://a.b/c"}}]}"#, "body.input[0].image_url.url is a URL (http:)"),
        (#"{"input":{"image_url":{}}}"#, "body.input.image_url.url must be"),
        (#"{"input":{"image_url":{"url":"\#(uri)","size":3}}}"#, "body.input.image_url.size is not known"),
        (#"{"input":{"image":"\#(uri)","url":"\#(uri)"}}"#, "only one of"),
        (#"{"input":{"type":"video_url","video_url":{"url":"\#(uri)"}}}"#, "body.input.video_url is not known"),
        (#"{"input":{"type":"audio","image":"\#(uri)"}}"#, "body.input.type must be one of"),
        (#"{"input":{"image":3}}"#, "body.input.image must be a string"),
        (#"{"input":{}}"#, "body.input needs one of"),
        (#"{"input":"\#(uri)","messages":[]}"#, "only one of"),
        (#"{"messages":[]}"#, "has 0"),
        (#"{"messages":{}}"#, "body.messages must be an array"),
        (#"{"messages":[{"role":"user","content":"a cat"}]}"#, "body.messages[0].content is text"),
        (#"{"messages":[{"role":"user","content":[{"type":"text","text":"a cat"},\#(part)]}]}"#, "content[0] is text"),
        (#"{"messages":[{"role":"user","content":[\#(part),\#(part)]}]}"#, "has 2"),
        (#"{"messages":[{"role":"user","content":7}]}"#, "body.messages[0].content must be"),
        (#"{"messages":[{"role":"user","content":[\#(part)],"tool":1}]}"#, "body.messages[0].tool is not known"),
        (#"{"input":"\#(uri)","encoding_format":"float","embedding_type":"float"}"#, "only one of"),
        (#"{"input":"data:image/png;base64,YQ%3"}"#, "% that begins no escape"),
        (#"{"input":"\#(uri)","task":"classify"}"#, "task"),
    ]

    @Test(arguments: ["/v1/embeddings", "/pooling"])
    func whatIsNotDoneIsRefusedByName(path: String) async throws {
        try await LiveServer.running(FakeBackend(), .withHTTP()) { server in
            try await LineClient.connected(to: server.http) { client in
                for (body, says) in Self.refusals {
                    let answer = try #require(await client.http("POST", path, body: body))
                    let error = try answer.decoded(ListAnswer.self).error
                    #expect(answer.status == 400 && error?.code == "invalid_params", "\(body)")
                    #expect(error?.message.contains(says) == true, "\(body): \(error?.message ?? "")")
                }
            }
        }
    }

    @Test func theAccountsAreThoseOfEmbed() async throws {
        try await LiveServer.running(FakeBackend(), .withHTTP()) { server in
            try await LineClient.connected(to: server.http) { client in
                for path in ["/v1/embeddings", "/pooling", "/v1/embed", "/v2/embed"] {
                    let body = path.hasSuffix("embed") ? #"{"images":["\#(Self.uri)"]}"# : #"{"input":"\#(Self.uri)"}"#
                    #expect(try await client.http("POST", path, body: body)?.status == 200)
                    #expect(try await client.http("POST", path, body: "{}")?.status == 400)
                    #expect(try await client.http("GET", path)?.status == 405)
                }
                let found = try PrometheusParser(try #require(await client.http("GET", "/metrics")).text)
                #expect(found.value("unmask_requests_total", ["method": "embed"]) == 8)
                #expect(found.value("unmask_errors_total", ["type": "invalid_params"]) == 4)
                #expect(found.value("unmask_request_duration_seconds_count") == 4)
                for path in ["/v1/embeddings", "/pooling", "/v1/embed", "/v2/embed"] {
                    for status in ["200", "400", "405"] {
                        let labels = ["route": path, "status": status]
                        #expect(found.value("unmask_http_requests_total", labels) == 1)
                    }
                }
            }
        }
    }
}

/// `/v1/embeddings` and `/pooling`, as their clients read them.
private struct ListAnswer: Decodable {
    struct Entry: Decodable {
        var index: Int
        var object: String
        var embedding: ServerAnswer.Payload?
        var data: ServerAnswer.Payload?
        var error: EmbeddingsAnswer.Failure?
    }

    var id: String?
    var object: String?
    var created: Int?
    var model: String?
    var data: [Entry]?
    var usage: EmbeddingsAnswer.Usage?
    var error: EmbeddingsAnswer.Failure?
}
