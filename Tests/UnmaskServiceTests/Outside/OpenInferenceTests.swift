import Foundation
import Testing

@testable import UnmaskService

/// The Open Inference Protocol over real sockets, as KServe's and Triton's clients speak it.
@Suite(.timeLimit(.minutes(3))) struct OpenInferenceTests {
    private static let images = ["one", "2", "another image"].map { Array($0.utf8) }
    private static let infer = "/v2/models/fake/infer"

    private static func asking<Value: Sendable>(
        _ backend: FakeBackend = FakeBackend(), _ body: @escaping @Sendable (inout LineClient) async throws -> Value
    ) async throws -> Value {
        try await LiveServer.running(backend, .withHTTP()) { server in
            try await LineClient.connected(to: server.http) { client in try await body(&client) }
        }
    }

    /// With a tensor's bytes behind the JSON.
    private static func post(
        _ client: inout LineClient, _ path: String, _ json: String, _ bytes: [UInt8]
    ) async throws -> HTTPAnswer {
        let lengths = [
            "content-length": "\(json.utf8.count + bytes.count)", InferenceBody.lengthHeader: "\(json.utf8.count)",
        ]
        let head = HTTPText.request("POST", path, headers: lengths)
        try await client.send(bytes: Array(head.utf8) + Array(json.utf8) + bytes)
        return try #require(try await client.receiveHTTP())
    }

    private static func base64(_ images: [[UInt8]]) -> String {
        "[" + images.map { "\"\(Data($0).base64EncodedString())\"" }.joined(separator: ",") + "]"
    }

    /// In JSON.
    private static func question(_ images: [[UInt8]], _ members: String = "") -> String {
        #"{"inputs":[{"name":"image","datatype":"BYTES","shape":[\#(images.count)],"data":\#(base64(images))}]\#(members)}"#
    }

    // MARK: What there is

    @Test func theServerAndItsModelsSayWhatTheyAre() async throws {
        try await Self.asking { client in
            for (path, member) in [("/v2/health/live", "live"), ("/v2/health/ready", "ready")] {
                let answer = try #require(await client.http("GET", path))
                #expect(answer.status == 200 && answer.text.contains("\"\(member)\":true"))
            }
            let server = try #require(await client.http("GET", "/v2")).decoded(ServerMetadata.self)
            #expect(server.name == "unmask" && server.version == HelloResult.serverVersion)
            #expect(server.extensions.contains("binary_tensor_data"))
            for path in ["/v2/models/fake", "/v2/models/f%61ke", "/v2/models/fake/versions/1"] {
                let model = try #require(await client.http("GET", path)).decoded(ModelMetadata.self)
                #expect(model.name == "fake" && model.versions == ["1"])
                #expect(model.inputs.map(\.name) == ["image", "pixels"])
                #expect(model.inputs.map(\.datatype) == ["BYTES", "UINT8"])
                #expect(model.inputs.map(\.shape) == [[-1], [-1, 28, 28, 1]])
                #expect(model.outputs.map(\.name) == ["embedding", "scores"])
                #expect(model.outputs.map(\.shape) == [[-1, 8], [-1, 2]])
                let ready = try #require(await client.http("GET", path + "/ready"))
                #expect(ready.status == 200 && ready.text.contains(#""ready":true"#))
                let config = try #require(await client.http("GET", path + "/config")).decoded(Configuration.self)
                #expect(config.maxBatchSize > 0 && config.input.map(\.dims) == [[], [28, 28, 1]])
                #expect(config.output.map(\.dataType) == ["TYPE_FP32", "TYPE_FP32"])
            }
            for body in ["", "{}", #"{"ready":true}"#] {
                let index = try #require(await client.http("POST", "/v2/repository/index", body: body))
                let entry = Entry(name: "fake", version: "1", state: "READY", reason: "")
                #expect(try index.decoded([Entry].self) == [entry])
            }
            #expect(try await client.http("POST", "/v2/repository/index", body: #"{"name":1}"#)?.status == 400)
        }
    }

    @Test func aModelWithoutAHeadHasNoScores() async throws {
        try await Self.asking(FakeBackend(hasHead: false)) { client in
            let model = try #require(await client.http("GET", "/v2/models/fake")).decoded(ModelMetadata.self)
            #expect(model.outputs.map(\.name) == ["embedding"])
            let answer = try #require(await client.http("POST", Self.infer, body: Self.question(Self.images)))
            #expect(try answer.decoded(Answer.self).outputs.map(\.name) == ["embedding"])
            let asked = Self.question(Self.images, #","outputs":[{"name":"scores"}]"#)
            let refused = try #require(await client.http("POST", Self.infer, body: asked))
            #expect(refused.status == 400 && refused.text.contains(#"\"embedding\", \"tokens\""#))
        }
    }

    @Test func aSpoiltModelIsNotReady() async throws {
        let backend = FakeBackend()
        try await Self.asking(backend) { client in
            backend.spoil()
            let ready = try #require(await client.http("GET", "/v2/models/fake/ready"))
            #expect(ready.status == 503 && ready.text.contains(#""ready":false"#) && ready.text.contains(#""error":"#))
            #expect(try await client.http("GET", "/v2/health/ready")?.status == 503)
            #expect(try await client.http("GET", "/v2/health/live")?.status == 200)
        }
    }

    // MARK: Tensors

    @Test func imagesInJSONAreAnsweredInJSON() async throws {
        let answer = try await Self.asking { client in
            let asked = Self.question(Self.images, #","id":"a 7","outputs":[{"name":"embedding"},{"name":"scores"}]"#)
            return try #require(await client.http("POST", Self.infer, body: asked))
        }
        let found = try answer.decoded(Answer.self)
        #expect(answer.status == 200 && found.modelName == "fake" && found.modelVersion == "1" && found.id == "a 7")
        #expect(found.outputs.map(\.shape) == [[3, 8], [3, 2]])
        #expect(found.outputs[0].data == Self.images.flatMap { FakeBackend.digest(of: $0) })
        #expect(found.outputs[1].data == Self.images.flatMap { _ in [0.75, 0.25] })
        #expect(answer.text.contains(#""parameters":{"model":"f00d","recipe":"squash 28x28","precision":"f32""#))
    }

    @Test func bytesAreAnsweredInBytes() async throws {
        let elements = InferenceText.elements(Self.images)
        let json =
            String(InferenceText.question(count: 3, size: elements.count).dropLast())
            + #","outputs":[{"name":"scores"},{"name":"tokens"},{"name":"embedding","parameters":{"binary_data":false}}],"#
            + #""parameters":{"binary_data_output":true}}"#
        let answer = try await Self.asking { client in
            try await Self.post(&client, "/v2/models/fake/versions/1/infer", json, elements)
        }
        #expect(answer.status == 200 && answer.headers["content-type"] == "application/octet-stream")
        let length = try #require(answer.headers[InferenceBody.lengthHeader].flatMap(Int.init))
        let head = HTTPAnswer(status: 200, headers: [:], body: Array(answer.body.prefix(length)))
        let found = try head.decoded(Answer.self)
        #expect(found.outputs.map(\.shape) == [[3, 2], [3, 49, 8], [3, 8]])
        #expect(found.outputs.map(\.parameters.binaryDataSize) == [3 * 2 * 4, 3 * 49 * 8 * 4, nil])
        let digests = Self.images.map { FakeBackend.digest(of: $0) }
        let numbers: [Float] =
            digests.flatMap { _ in [0.75, 0.25] } + digests.flatMap { digest in (0..<49).flatMap { _ in digest } }
        #expect(Array(answer.body.dropFirst(length)) == Self.bytes(numbers))
        #expect(found.outputs[2].data == digests.flatMap(\.self))
    }

    private static func bytes(_ numbers: [Float]) -> [UInt8] {
        numbers.flatMap { withUnsafeBytes(of: $0.bitPattern.littleEndian, Array.init) }
    }

    @Test(arguments: [true, false])
    func scoresAreToldAsClasses(isBinary: Bool) async throws {
        let asked = Self.question(
            Self.images, #","outputs":[{"name":"scores","parameters":{"classification":1,"binary_data":\#(isBinary)}}]"#
        )
        let answer = try await Self.asking { client in
            try #require(await client.http("POST", Self.infer, body: asked))
        }
        #expect(answer.text.contains(#""datatype":"BYTES","shape":[3,1]"#))
        let text = Array("0.75:0:even".utf8)
        if isBinary {
            let length = try #require(answer.headers[InferenceBody.lengthHeader].flatMap(Int.init))
            #expect(Array(answer.body.dropFirst(length)) == InferenceText.elements(Self.images.map { _ in text }))
        } else {
            #expect(answer.text.contains(#""data":["0.75:0:even","0.75:0:even","0.75:0:even"]"#))
        }
    }

    @Test func pixelsGoToTheEngineAsTheyAre() async throws {
        let backend = FakeBackend()
        let pixels = (0..<2 * 784).map { UInt8($0 % 251) }
        let json = InferenceText.pixels(
            shape: "[2,28,28,1]", more: #","parameters":{"binary_data_size":\#(pixels.count)}"#)
        let answer = try await Self.asking(backend) { client in
            try await Self.post(&client, Self.infer, json, pixels)
        }
        let expected = FakeBackend.digest(of: pixels[..<784]) + FakeBackend.digest(of: pixels[784...])
        #expect(try answer.decoded(Answer.self).outputs[0].data == expected)
        #expect(backend.prepared == 0)
    }

    @Test func whatIsAskedReachesTheEngine() async throws {
        let backend = FakeBackend()
        try await Self.asking(backend) { client in
            let asked = Self.question(
                Self.images,
                #","outputs":[{"name":"embedding"}],"parameters":{"normalize":true,"dimensions":4,"keep":0.5}"#)
            let answer = try await client.http("POST", Self.infer, body: asked)
            #expect(answer?.status == 200)
        }
        let items = backend.batches.flatMap(\.items).filter { $0.mask.kept < 49 }
        let vector = VectorOptions(pooling: .mean, normalize: true, dimensions: 4)
        #expect(items.count == 3 && Set(items.map(\.operation)) == [.embed(vector)], "scores were not asked for")
    }

    // MARK: What is refused

    @Test func anImagesFaultIsTheWholeRequests() async throws {
        let images = [Self.images[0], FakeBackend.corrupt, Self.images[2]]
        let answer = try await Self.asking { client in
            try #require(await client.http("POST", Self.infer, body: Self.question(images)))
        }
        #expect(answer.status == 400)
        #expect(try answer.decoded([String: String].self) == ["error": "inputs[0], image 1 of 3: corrupt"])
    }

    @Test func refusalsAreInTheProtocolsShape() async throws {
        let question = Self.question(Self.images)
        let refusals: [(method: String, path: String, body: String?, status: Int, says: String)] = [
            ("POST", "/v2/models/other/infer", question, 404, "no model is named"),
            ("GET", "/v2/models/other", nil, 404, "no model is named"),
            ("GET", "/v2/models/other/ready", nil, 404, "no model is named"),
            ("GET", "/v2/models/", nil, 404, "no model is named"),
            ("GET", "/v2/models/fake/versions/2", nil, 404, "no version \"2\""),
            ("GET", "/v2/models/fake/versions/2/ready", nil, 404, "no version \"2\""),
            ("POST", "/v2/models/fake/versions//infer", question, 404, "no version \"\""),
            ("POST", "/v2/models/fake/versions/latest/infer", question, 404, "no version \"latest\""),
            ("POST", "/v2/models/fake/infer", "nonsense", 400, "JSON"),
            ("POST", "/v2/models/fake/infer", "{}", 400, "body.inputs must be"),
            ("GET", "/v2/models/fake/infer", nil, 405, "takes POST"),
            ("POST", "/v2/models/fake", "{}", 405, "takes GET and HEAD"),
            ("GET", "/v2/models", nil, 404, "no such path"),
            ("GET", "/v2/systemsharedmemory/status", nil, 404, "shares no memory"),
            ("POST", "/v2/cudasharedmemory/region/a/register", "{}", 404, "shares no memory"),
            ("POST", "/v2/models/fake/generate_stream", "{}", 404, "no answer comes as a stream"),
            ("GET", "/v2/models/fake/versions/1/stats", nil, 404, "/metrics"),
            ("POST", "/v2/repository/models/fake/unload", "{}", 404, "load and unload"),
        ]
        try await Self.asking { client in
            for (method, path, body, status, says) in refusals {
                let answer = try #require(await client.http(method, path, body: body))
                let found = try answer.decoded([String: String].self)
                #expect(answer.status == status, "\(method) \(path)")
                #expect(found.keys.sorted() == ["error"] && found["error"]?.contains(says) == true, "\(path): \(found)")
            }
            let metrics = try PrometheusParser(try #require(await client.http("GET", "/metrics")).text)
            let route = ["route": "/v2/models/{model}/infer", "status": "404"]
            #expect(metrics.value("unmask_http_requests_total", route) == 3, "names do not become labels")
        }
    }

    @Test func pagesOfOtherSitesAreRefused() async throws {
        let answer = try await Self.asking { client in
            try #require(
                await client.http(
                    "POST", Self.infer, headers: ["origin": "https://a.b"], body: Self.question(Self.images)))
        }
        #expect(answer.status == 403)
        #expect(try answer.decoded([String: String].self).keys.sorted() == ["error"])
    }
}

private struct ServerMetadata: Decodable {
    var name: String
    var version: String
    var extensions: [String]
}

private struct ModelMetadata: Decodable {
    struct Tensor: Decodable {
        var name: String
        var datatype: String
        var shape: [Int]
    }

    var name: String
    var versions: [String]
    var inputs: [Tensor]
    var outputs: [Tensor]
}

private struct Configuration: Decodable {
    struct Tensor: Decodable {
        var dataType: String
        var dims: [Int]
    }

    var maxBatchSize: Int
    var input: [Tensor]
    var output: [Tensor]
}

private struct Entry: Decodable, Equatable {
    var name: String
    var version: String
    var state: String
    var reason: String
}

private struct Answer: Decodable {
    struct Parameters: Decodable {
        var binaryDataSize: Int?
    }

    struct Tensor: Decodable {
        var name: String
        var shape: [Int]
        var parameters: Parameters
        var data: [Float]?
    }

    var modelName: String
    var modelVersion: String
    var id: String?
    var outputs: [Tensor]
}
