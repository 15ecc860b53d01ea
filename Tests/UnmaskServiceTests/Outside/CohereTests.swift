import Foundation
import Testing
import UnmaskImage
import UnmaskModel

@testable import UnmaskService

/// Cohere's `embed`, in the bodies that its Python client sends and the answers that it reads.
@Suite(.timeLimit(.minutes(3))) struct CohereTests {
    private static let images = [Array("one".utf8), Array("two".utf8)]
    private static let uris = images.map { HTTPText.image($0) }
    private static let list = "[" + uris.map { "\"\($0)\"" }.joined(separator: ",") + "]"

    private static func post(_ path: String, _ body: String) async throws -> HTTPAnswer {
        try await LiveServer.running(FakeBackend(), .withHTTP()) { server in
            try await LineClient.connected(to: server.http) { client in
                try #require(await client.http("POST", path, body: body))
            }
        }
    }

    private static var digests: [[Float]] { images.map { FakeBackend.digest(of: $0) } }

    @Test(arguments: ["/v1/embed", "/v2/embed"])
    func vectorsComeByType(path: String) async throws {
        let answer = try await Self.post(
            path,
            #"{"model":"fake","images":\#(Self.list),"input_type":"image","embedding_types":["float","base64","float"]}"#
        )
        let found = try answer.decoded(ByType.self)
        #expect(answer.status == 200 && found.responseType == "embeddings_by_type" && !found.id.isEmpty)
        #expect(found.embeddings.float == Self.digests)
        let bytes = Self.digests.map {
            Data($0.flatMap { withUnsafeBytes(of: $0.bitPattern.littleEndian, Array.init) })
        }
        #expect(found.embeddings.base64 == bytes.map { $0.base64EncodedString() })
        #expect(found.meta.apiVersion.version == String(path.dropFirst(2).prefix(1)))
        #expect(found.meta.billedUnits.images == 2)
    }

    @Test func withoutTypesTheFirstVersionAnswersPlainVectors() async throws {
        let answer = try await Self.post("/v1/embed", #"{"images":\#(Self.list),"truncate":"END","texts":[]}"#)
        let found = try answer.decoded(Floats.self)
        #expect(found.responseType == "embeddings_floats" && found.embeddings == Self.digests && found.texts == [])
    }

    @Test func withoutTypesTheSecondVersionAnswersFloats() async throws {
        let answer = try await Self.post("/v2/embed", #"{"images":\#(Self.list)}"#)
        let found = try answer.decoded(ByType.self)
        #expect(found.responseType == "embeddings_by_type" && found.embeddings.float == Self.digests)
        #expect(found.embeddings.base64 == nil)
    }

    @Test func inputsOfTheSecondVersionHaveAnImageEach() async throws {
        let inputs = Self.uris.map { #"{"content":[{"type":"image_url","image_url":{"url":"\#($0)"}}]}"# }
        let answer = try await Self.post(
            "/v2/embed",
            #"{"inputs":[\#(inputs.joined(separator: ","))],"embedding_types":["float"],"input_type":"search_document"}"#
        )
        #expect(try answer.decoded(ByType.self).embeddings.float == Self.digests)
    }

    @Test(arguments: ["/v1/embed", "/v2/embed"])
    func imagesAreDescribedByTheirHeaders(path: String) async throws {
        let small = PixelImage(width: 5, height: 3, channels: 3, pixels: (0..<45).map { $0 })
        let images = [try small.pngData(), GoldenImage.png]
        let golden = try PixelImage.decode(GoldenImage.png)
        let list = images.map { "\"\(HTTPText.image($0))\"" }.joined(separator: ",")
        let answer = try await Self.post(path, #"{"images":[\#(list)],"embedding_types":["float"]}"#)
        let found = try answer.decoded(ByType.self).images
        #expect(found.map(\.width) == [5, golden.width] && found.map(\.height) == [3, golden.height])
        #expect(found.map(\.format) == ["png", "png"] && found.first?.bitDepth == 24)
    }

    @Test func theDimensionIsAskedOfTheEngine() async throws {
        let backend = FakeBackend()
        try await LiveServer.running(backend, .withHTTP()) { server in
            try await LineClient.connected(to: server.http) { client in
                let body = #"{"images":\#(Self.list),"output_dimension":4}"#
                let second = try await client.http("POST", "/v2/embed", body: body)
                #expect(second?.status == 200)
                let first = try await client.http("POST", "/v1/embed", body: body)
                #expect(first?.status == 400, "only the second has it")
            }
        }
        let asked = Set(backend.batches.flatMap(\.items).map { "\($0.operation)" })
        #expect(asked == ["\(InferenceOperation.embed(VectorOptions(pooling: .mean, normalize: true, dimensions: 4)))"])
    }

    @Test(arguments: ["/v1/embed", "/v2/embed"])
    func errorsAreInCoheresShape(path: String) async throws {
        let uri = Self.uris[0]
        let corrupt = HTTPText.image(FakeBackend.corrupt)
        let refusals: [(body: String, status: Int, says: String)] = [
            (#"{"texts":["a cat"],"model":"fake"}"#, 400, "body.texts is text"),
            (#"{"images":["\#(uri)"],"texts":["a cat"]}"#, 400, "body.texts is text"),
            (#"{"images":["https://a.b/c.png"]}"#, 400, "body.images[0] is a URL (https:)"),
            (#"{"images":["\#(uri)","a cat"]}"#, 400, "body.images[1] is text"),
            (#"{"images":[]}"#, 400, "body.images must be"),
            (#"{"images":"\#(uri)"}"#, 400, "body.images must be"),
            (#"{}"#, 400, "body.images must be"),
            (#"{"images":["\#(uri)"],"embedding_types":["int8"]}"#, 400, "body.embedding_types must be"),
            (#"{"images":["\#(uri)"],"embedding_types":[]}"#, 400, "body.embedding_types must be"),
            (#"{"images":["\#(uri)"],"input_type":"smell"}"#, 400, "body.input_type must be one of"),
            (#"{"images":["\#(uri)"],"priority":3}"#, 400, "body.priority is not known"),
            (#"{"images":["\#(uri)"],"model":"other"}"#, 404, "other"),
            (#"{"images":["\#(uri)","\#(corrupt)"]}"#, 400, "corrupt"),
            ("nonsense", 400, "JSON"),
        ]
        try await LiveServer.running(FakeBackend(), .withHTTP()) { server in
            try await LineClient.connected(to: server.http) { client in
                for (body, status, says) in refusals {
                    let headers = ["content-type": "application/json"]
                    let answer = try #require(await client.http("POST", path, headers: headers, body: body))
                    let found = try JSONDecoder().decode([String: String].self, from: Data(answer.body))
                    #expect(answer.status == status, "\(body)")
                    #expect(found.keys.sorted() == ["message"] && found["message"]?.contains(says) == true, "\(found)")
                }
                // Also what the head alone says.
                let page = try #require(
                    await client.http("POST", path, headers: ["origin": "https://a.b"], body: "{}"))
                #expect(page.status == 403)
                #expect(try JSONDecoder().decode([String: String].self, from: Data(page.body)).keys.first == "message")
            }
        }
    }
}

private struct ByType: Decodable {
    struct Embeddings: Decodable {
        var float: [[Float]]?
        var base64: [String]?
    }

    struct Meta: Decodable {
        struct Version: Decodable { var version: String }
        struct Units: Decodable { var images: Int }

        var apiVersion: Version
        var billedUnits: Units
    }

    struct Image: Decodable {
        var width: Int
        var height: Int
        var format: String
        var bitDepth: Int
    }

    var id: String
    var responseType: String
    var embeddings: Embeddings
    var images: [Image]
    var meta: Meta
}

private struct Floats: Decodable {
    var id: String
    var responseType: String
    var embeddings: [[Float]]
    var texts: [String]
}
