import Foundation
import Testing

@testable import UnmaskService

/// The service's methods under HTTP paths of their own, over real sockets: the answers are the line protocol's.
@Suite(.timeLimit(.minutes(3))) struct MethodRouteTests {
    private typealias Result = ServerAnswer.ResultBody

    private struct Failure: Decodable { var error: EmbeddingsAnswer.Failure? }

    private static func post(
        _ path: String, _ type: String? = nil, _ body: String, accept: String? = nil,
        _ configuration: ServiceConfiguration = .withHTTP()
    ) async throws -> HTTPAnswer {
        var headers: [String: String] = [:]
        headers["content-type"] = type
        headers["accept"] = accept
        return try await LiveServer.running(FakeBackend(), configuration) { [headers] server in
            try await LineClient.connected(to: server.http) { client in
                try #require(await client.http("POST", path, headers: headers, body: body))
            }
        }
    }

    private static func form(_ fields: [(disposition: String, content: String)], boundary: String = "x-y") -> String {
        fields.map { "--\(boundary)\r\nContent-Disposition: form-data; \($0.disposition)\r\n\r\n\($0.content)\r\n" }
            .joined()
            + "--\(boundary)--\r\n"
    }

    private static let multipart = #"multipart/form-data; boundary="x-y""#

    @Test(
        "an image alone is the body, whatever curl says that it is",
        arguments: ["image/jpeg", "application/octet-stream", "application/x-www-form-urlencoded", nil])
    func imageBodies(type: String?) async throws {
        let answer = try await Self.post("/v1/embed?dimensions=3&pooling=mean", type, "an image")
        #expect(answer.status == 200 && answer.headers["content-type"] == "application/json")
        let result = try answer.decoded(Result.self)
        #expect(result.results?.map(\.embedding) == [.numbers(FakeBackend.digest(of: "an image".utf8))])
        #expect(result.timingUs?["total"] != nil && answer.text.contains(#""dimension":3"#), "\(answer.text)")
    }

    @Test func formsHaveImagesAndParameters() async throws {
        let body = Self.form([
            (#"name="image"; filename="a \"b\".jpg""#, "first"), ("name=images", "second\r\n--x-"),
            (#"name="dimensions""#, "2"),
            (#"name="model""#, "fake"),
        ])
        let answer = try await Self.post("/v1/embed", Self.multipart, body)
        let digests = ["first", "second\r\n--x-"].map { FakeBackend.digest(of: $0.utf8) }
        #expect(try answer.decoded(Result.self).results?.map(\.embedding) == digests.map { .numbers($0) })
        #expect(answer.text.contains(#""dimension":2"#))

        let pair = Self.form([(#"name="a"; filename="1""#, "same"), (#"name="b"; filename="2""#, "same")])
        let compared = try await Self.post("/v1/compare", Self.multipart, "preamble\r\n" + pair + "epilogue")
        #expect(abs((try compared.decoded(Result.self).cosine ?? 0) - 1) < 1e-6)
    }

    @Test func jsonIsTheMethodsParams() async throws {
        let image = Data("an image".utf8).base64EncodedString()
        for images in [
            #"{"base64":"\#(image)"}"#, #""data:image/png;base64,\#(image)""#,
            #"{"type":"image_url","image_url":{"url":"data:image/png;base64,\#(image)"}}"#,
        ] {
            let answer = try await Self.post(
                "/v1/classify?top_k=1", "application/json; charset=utf-8", #"{"images":[\#(images)]}"#)
            #expect(try answer.decoded(Result.self).results?.first?.labels?.map(\.label) == ["even"], "\(answer.text)")
            let rebuilt = try await Self.post(
                "/v1/reconstruct", nil, #"{"images":[\#(images)],"picture":"reconstruction","format":"pixels"}"#)
            #expect(try rebuilt.decoded(Result.self).results?.first?.pixels == .base64(image))
        }
    }

    @Test func bytesAloneAreAnsweredWhereTheyAreAccepted() async throws {
        let digest = FakeBackend.digest(of: "an image".utf8)
        let bytes = digest.flatMap { withUnsafeBytes(of: $0.bitPattern.littleEndian, Array.init) }
        let vector = try await Self.post("/v1/embed", "image/png", "an image", accept: "application/octet-stream")
        #expect(vector.status == 200 && vector.body == bytes)
        #expect(vector.headers["content-type"] == "application/octet-stream")
        let picture = try await Self.post(
            "/v1/reconstruct?ratio=0.5", "image/png", "an image", accept: "text/html, image/png;q=0.9, */*;q=0")
        #expect(picture.headers["content-type"] == "image/png" && picture.body.starts(with: [0x89, 0x50, 0x4E, 0x47]))
    }

    @Test func aBadImageLeavesTheOthersAlone() async throws {
        let corrupt = String(decoding: FakeBackend.corrupt, as: UTF8.self)
        let body = Self.form([("name=image", "good"), ("name=image", corrupt)])
        let mixed = try await Self.post("/v1/embed", Self.multipart, body)
        #expect(try mixed.decoded(Result.self).results?.map { $0.error?.type } == [nil, "image_decode_failed"])
        for (path, accept) in [("/v1/classify", nil), ("/v1/reconstruct", "image/png")] as [(String, String?)] {
            let alone = try await Self.post(path, "image/png", corrupt, accept: accept)
            #expect(alone.status == 400)
            #expect(try alone.decoded(Failure.self).error?.code == "image_decode_failed")
        }
    }

    private static let wrong:
        [(path: String, type: String?, body: String, accept: String?, status: Int, said: String)] = [
            ("/v1/classify", "application/json", "nonsense", nil, 400, "parse_error"),
            ("/v1/classify", nil, "", nil, 400, "parse_error"),
            ("/v1/classify", "application/json", "[]", nil, 400, "an object"),
            ("/v1/classify", "text/csv", "a,b", nil, 400, "text/csv"),
            ("/v1/classify?top_k=1", "application/json", #"{"images":[],"top_k":2}"#, nil, 400, "given twice"),
            ("/v1/classify?top_k=1&top_k=1", "image/png", "a", nil, 400, "given twice"),
            ("/v1/classify?topk=1", "image/png", "a", nil, 400, "topk is not known"),
            ("/v1/classify?top_k=many", "image/png", "a", nil, 400, "top_k must be"),
            ("/v1/classify?top_k", "image/png", "a", nil, 400, "no name=value"),
            ("/v1/classify?%zz=1", "image/png", "a", nil, 400, "no name=value"),
            ("/v1/classify?model=other", "image/png", "a", nil, 404, "model_not_found"),
            (
                "/v1/classify", "application/json", #"{"images":["https://example.com/a.jpg"]}"#, nil, 400,
                "fetches none"
            ),
            ("/v1/classify", "application/json", #"{"images":[{"frame":0}]}"#, nil, 400, "0 frames"),
            ("/v1/compare", "image/png", "a", nil, 400, "images is not known"),
            ("/v1/search", "image/png", "a", nil, 400, "index"),
            ("/v1/classify", "image/png", "a", "text/html", 400, "text/html"),
            ("/v1/classify", "image/png", "a", "image/png", 400, "image/png"),
            ("/v1/embed?encoding=frame", "image/png", "a", nil, 400, "encoding"),
            ("/v1/embed?encoding=base64", "image/png", "a", "application/octet-stream", 400, "encoding"),
            ("/v1/classify", "multipart/form-data", "", nil, 400, "boundary"),
            ("/v1/classify", multipart, "", nil, 400, "boundary"),
            ("/v1/classify", multipart, "--x-y\r\n", nil, 400, "no end"),
            ("/v1/classify", multipart, "--x-yz", nil, 400, "line's end"),
            ("/v1/classify", multipart, "--x-y\r\nA: b\r\n\r\nc\r\n--x-y--", nil, 400, "Content-Disposition"),
            (
                "/v1/classify", multipart, "--x-y\r\nContent-Disposition: form-data; name=image\r\n\r\na", nil, 400,
                "ends early"
            ),
            ("/v1/classify", multipart, form([(#"name="other"; filename="a""#, "a")]), nil, 400, "is a file"),
            (
                "/v1/classify", multipart, form([("name=image\r\nContent-Transfer-Encoding: base64", "YQ==")]), nil,
                400,
                "base64"
            ),
            (
                "/v1/classify", multipart, String(repeating: String(form([("name=p", "")]).dropLast(8)), count: 1025),
                nil, 400,
                "1024"
            ),
        ]

    @Test(arguments: wrong.indices) func whatIsWrongIsNamed(index: Int) async throws {
        let wrong = Self.wrong[index]
        let answer = try await Self.post(wrong.path, wrong.type, wrong.body, accept: wrong.accept)
        #expect(answer.status == wrong.status && answer.text.contains(wrong.said), "\(wrong.path): \(answer.text)")
    }

    @Test func whereBytesAloneAreAnsweredThereIsOneImage() async throws {
        let body = Self.form([("name=image", "a"), ("name=image", "b")])
        let answer = try await Self.post("/v1/embed", Self.multipart, body, accept: "application/octet-stream")
        #expect(answer.status == 400 && answer.text.contains("one image"))
    }

    /// `POST /rpc` answers what the socket does, frames and all.
    @Test func theProtocolItselfIsSpoken() async throws {
        let requests = [
            #"{"id":1,"method":"health"}"#, #"{"jsonrpc":"2.0","id":"a","method":"nonsense"}"#, "nonsense", "",
            "{\n \"id\": 2,\n \"method\": \"embed\",\n \"params\": {\"images\": [{\"base64\": \"YQ==\"}]}\n}\n",
            #"{"id":3,"method":"embed","params":{"images":[{"frame":0},{"frame":1}],"encoding":"frame"},"bytes":[3,2]}"#
                + "\nabcde",
        ]
        try await LiveServer.running(FakeBackend(), .withHTTP()) { server in
            try await LineClient.connected(to: server.http) { client in
                for request in requests {
                    let answer = try #require(await client.http("POST", "/rpc", body: request))
                    let isFramed = request.contains("bytes")
                    #expect(answer.status == 200)
                    #expect(
                        answer.headers["content-type"] == (isFramed ? "application/octet-stream" : "application/json"))
                    let line = answer.text.split(separator: "\n", omittingEmptySubsequences: true).first ?? ""
                    let read = try JSONDecoder().decode(Said.self, from: Data(line.utf8))
                    switch request {
                    case requests[0]: #expect(read.result != nil && read.id == .number("1"))
                    case requests[1]: #expect(read.error?.type == "unknown_method" && read.id == .string("a"))
                    case requests[2], requests[3]: #expect(read.error?.type == "parse_error")
                    case requests[4]: #expect(read.id == .number("2") && line.contains("embedding"))
                    default:
                        let vectors = ["abc", "de"].flatMap { FakeBackend.digest(of: $0.utf8) }
                        let bytes = vectors.flatMap { withUnsafeBytes(of: $0.bitPattern.littleEndian, Array.init) }
                        #expect(answer.body.suffix(bytes.count) == bytes[...])
                    }
                }
                let notified = try await client.http("POST", "/rpc", body: #"{"method":"health"}"#)
                #expect(notified?.status == 202)
                for (request, said) in [
                    (
                        #"{"id":1,"method":"embed","params":{"images":[{"frame":0}]},"bytes":[3]}"# + "\nab",
                        "the body has 2"
                    ),
                    (
                        #"{"id":1,"method":"embed","params":{"images":[{"frame":0}]},"bytes":[1]}"# + "\nab",
                        "1 bytes more"
                    ),
                ] {
                    let answer = try #require(await client.http("POST", "/rpc", body: request))
                    #expect(answer.text.contains("invalid_request") && answer.text.contains(said), "\(answer.text)")
                }
            }
        }
    }

    @Test func framesAreBoundedAsOnTheSocket() async throws {
        let configuration = ServiceConfiguration.withHTTP { $0.limits.imagesPerRequest = 2 }
        let request = #"{"id":1,"method":"embed","params":{"images":[{"frame":0}]},"bytes":[1,1,1]}"# + "\nabc"
        let answer = try await Self.post("/rpc", nil, request, configuration)
        #expect(answer.status == 200 && answer.text.contains("payload_too_large"), "\(answer.text)")
    }

    private struct Said: Decodable {
        enum ID: Decodable, Equatable {
            case number(String)
            case string(String)

            init(from decoder: any Decoder) throws {
                let container = try decoder.singleValueContainer()
                if let number = try? container.decode(Int.self) {
                    self = .number(String(number))
                } else {
                    self = .string(try container.decode(String.self))
                }
            }
        }

        struct Whatever: Decodable {}

        var id: ID?
        var result: Whatever?
        var error: ServerAnswer.ErrorBody?
    }
}
