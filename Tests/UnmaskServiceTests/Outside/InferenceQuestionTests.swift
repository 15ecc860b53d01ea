import Foundation
import NIOCore
import NIOHTTP1
import Testing
import UnmaskModel

@testable import UnmaskService

/// What a request of the Open Inference Protocol is read as: lengths, shapes and types that agree, and nothing else.
@Suite struct InferenceQuestionTests {
    /// Of 2 × 3 pixels and 1 channel, with 2 classes.
    static let model = ModelInterface(
        imageSize: [2, 3], channels: 1, shapes: [.mean: [4], .tokens: [6, 4]], pooling: .mean, classes: 2)
    private static let limit = 16

    private static func read(_ json: String, _ bytes: [UInt8]? = nil, header: String? = nil) throws -> InferenceQuestion
    {
        var head = HTTPRequestHead(version: .http1_1, method: .POST, uri: "/v2/models/a/infer")
        let length = header ?? bytes.map { _ in String(json.utf8.count) }
        if let length { head.headers.add(name: InferenceBody.lengthHeader, value: length) }
        let body = ByteBuffer(bytes: Array(json.utf8) + (bytes ?? []))
        return try InferenceQuestion(try InferenceBody(head, body), of: "a", model, limit: limit)
    }

    private static func refusal(
        _ json: String, _ bytes: [UInt8]? = nil, header: String? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) -> ServiceError? {
        #expect(throws: ServiceError.self, "\(json.prefix(200))", sourceLocation: sourceLocation) {
            try read(json, bytes, header: header)
        }
    }

    /// The bytes of the images that were read.
    private static func images(_ question: InferenceQuestion) -> [[UInt8]] {
        question.input.framed.frames.map { Array($0.readableBytesView) }
    }

    private static func refusedTypes(_ error: any Error) -> Bool {
        guard let error = error as? ServiceError else { return false }
        return [.invalidRequest, .invalidParams, .parseError, .payloadTooLarge].contains(error.type)
    }

    // MARK: Bytes behind the JSON

    @Test func elementsComeBackWhateverTheirLengths() throws {
        var random = SplitMix(state: 7)
        for _ in 0..<200 {
            let images = InferenceText.images(&random, count: Int.random(in: 1...Self.limit, using: &random))
            let bytes = InferenceText.elements(images)
            let json = InferenceText.question(count: images.count, size: bytes.count)
            #expect(try Self.images(Self.read(json, bytes)) == images)
        }
    }

    /// No cut, no byte too many and no other length gives images, let alone others.
    @Test func wrongLengthsAreRefused() throws {
        var random = SplitMix(state: 8)
        for _ in 0..<50 {
            let images = InferenceText.images(&random, count: Int.random(in: 1...4, using: &random))
            let bytes = InferenceText.elements(images)
            let json = InferenceText.question(count: images.count, size: bytes.count)
            for cut in 0..<bytes.count {
                #expect(Self.refusal(json, Array(bytes[..<cut]))?.type == .invalidRequest)
                // The section ends within an element, or the shape asks for more of them.
                let short = InferenceText.question(count: images.count, size: cut)
                #expect(Self.refusal(short, Array(bytes[..<cut]))?.type == .invalidParams)
            }
            #expect(Self.refusal(json, bytes + [0])?.type == .invalidRequest)
            let long = InferenceText.question(count: images.count, size: bytes.count + 1)
            #expect(Self.refusal(long, bytes + [0])?.type == .invalidParams)
            for count in 1...6 where count != images.count {
                let other = InferenceText.question(count: count, size: bytes.count)
                #expect(Self.refusal(other, bytes)?.type == .invalidParams)
            }
            // Another length of an element: what follows is read as lengths, and does not come out even.
            for position in 0..<4 {
                var damaged = bytes
                damaged[position] ^= UInt8.random(in: 1...255, using: &random)
                do {
                    let found = try Self.images(Self.read(json, damaged))
                    #expect(InferenceText.elements(found) == damaged)
                } catch {
                    #expect(Self.refusedTypes(error))
                }
            }
        }
    }

    @Test(arguments: [
        "", "-1", "+9", "1e2", "0x10", " 9", "9 ", "99999999999999999999", "9223372036854775807", "nine", "9,9",
    ])
    func theHeaderIsALengthWithinTheBody(header: String) {
        let bytes = InferenceText.elements([[1]])
        let json = InferenceText.question(count: 1, size: bytes.count)
        let error = Self.refusal(json, bytes, header: header)
        #expect(error?.type == .invalidRequest && error?.message.contains("Inference-Header-Content-Length") == true)
    }

    @Test func everyOtherHeaderIsRefused() {
        let bytes = InferenceText.elements([[1]])
        let json = InferenceText.question(count: 1, size: bytes.count)
        for length in 0...(json.utf8.count + bytes.count + 1) where length != json.utf8.count {
            _ = Self.refusal(json, bytes, header: String(length))
        }
        // Without it, all is JSON, which announces what is not there.
        #expect(Self.refusal(json)?.type == .invalidRequest)
    }

    @Test(arguments: ["-1", "1.5", "1e3", "\"5\"", "null", "true", "99999999999999999999", "9223372036854775807"])
    func aSizeIsANumberOfBytesThatAreThere(size: String) {
        let bytes = InferenceText.elements([[1]])
        let more = #","parameters":{"binary_data_size":\#(size)}"#
        _ = Self.refusal(InferenceText.question(shape: "[1]", more: more), bytes)
    }

    // MARK: Shapes and types

    @Test(arguments: [
        "[]", "[0]", "[-1]", "[-9223372036854775808]", "[9223372036854775808]", "[1.0]", "[\"1\"]", "[null]", "1", "{}",
        "[1,1]", "[1,-1]", "[[1]]", "[1e1]", "null",
    ])
    func aShapeCountsImages(shape: String) {
        let bytes = InferenceText.elements([[1]])
        let error = Self.refusal(
            InferenceText.question(shape: shape, more: #","parameters":{"binary_data_size":\#(bytes.count)}"#), bytes)
        #expect(error?.type == .invalidParams && error?.message.contains("inputs[0].shape") == true, "\(shape)")
    }

    @Test(arguments: [17, 1 << 31, Int.max])
    func tooManyImagesAreRefusedBeforeTheyAreLookedFor(count: Int) {
        let bytes = InferenceText.elements([[1]])
        #expect(Self.refusal(InferenceText.question(count: count, size: bytes.count), bytes)?.type == .payloadTooLarge)
    }

    @Test func pixelsHaveTheModelsSize() throws {
        let bytes = (0..<12).map { UInt8($0) }
        let more = #","parameters":{"binary_data_size":12}"#
        let question = try Self.read(InferenceText.pixels(shape: "[2,2,3,1]", more: more), bytes)
        #expect(Self.images(question) == [Array(bytes[..<6]), Array(bytes[6...])])
        for shape in [
            "[2,3,2,1]", "[12]", "[2,2,3]", "[2,2,3,1,1]", "[2,6,1,1]", "[2,-2,-3,1]", "[2,2,3,4611686018427387904]",
            "[-2,2,3,1]", "[0,2,3,1]", "[4611686018427387904,2,3,1]", "[1,2,3,1]", "[3,2,3,1]",
        ] {
            let error = Self.refusal(InferenceText.pixels(shape: shape, more: more), bytes)
            #expect(error?.type == .invalidParams || error?.type == .payloadTooLarge, "\(shape)")
        }
    }

    @Test func numbersInJSONAreFlatOrNested() throws {
        let expected: [[UInt8]] = [[0, 1, 2, 3, 4, 255]]
        for data in ["[0,1,2,3,4,255]", "[[[[0],[1],[2]],[[3],[4],[255]]]]"] {
            let json = InferenceText.pixels(shape: "[1,2,3,1]", more: #","data":\#(data)"#)
            #expect(try Self.images(Self.read(json)) == expected)
        }
        for data in [
            "[]", "[0,1,2,3,4]", "[0,1,2,3,4,5,6]", "[0,1,2,3,4,256]", "[0,1,2,3,4,-1]", "[0,1,2,3,4,1.0]",
            "[0,1,2,3,4,\"5\"]", "[[0,1,2,3,4,5]]", "[[[[0],[1],[2]],[[3],[4]]]]", "[[[0,1,2],[3,4,5]]]",
            "[[[[0],[1],[2]],[[3],[4],5]]]", "\"AAAA\"", "[0,1,2,3,4,[5]]",
            "[[[[[0]],[[1]],[[2]]],[[[3]],[[4]],[[5]]]]]", "{}", "7",
        ] {
            let error = Self.refusal(InferenceText.pixels(shape: "[1,2,3,1]", more: #","data":\#(data)"#))
            #expect(error?.type == .invalidParams, "\(data)")
        }
    }

    @Test(arguments: ["FP32", "UINT8", "INT64", "bytes", "STRING", ""])
    func aDatatypeIsTheTensors(type: String) {
        let json = InferenceText.question(shape: "[1]", type: type, more: #","data":["YQ=="]"#)
        #expect(Self.refusal(json)?.message.contains(#"must be "BYTES" of image"#) == true)
    }

    // MARK: What is asked

    @Test func eachOutputIsAQuestionToItsMethod() throws {
        let json = InferenceText.whole(
            #""outputs":[{"name":"tokens","parameters":{"binary_data":true}},"#
                + #"{"name":"scores","parameters":{"classification":1}}],"#
                + #""parameters":{"normalize":true,"scores":"logits","timeout":1500,"keep":0.5}"#)
        let question = try Self.read(json)
        #expect(question.outputs.map(\.kind) == [.tokens, .scores])
        let asked = question.outputs.map { question.request($0) }
        #expect(asked.map(\.method) == ["embed", "classify"])
        let shared: [String: JSONValue] = [
            "model": .string("a"), "deadline_ms": .number("2"), "keep": .number("0.5"),
            "images": .array([.object(["base64": .string("YQ==")])]),
        ]
        let tokens: [String: JSONValue] = [
            "normalize": .bool(true), "pooling": .string("tokens"), "encoding": .string("frame"),
        ]
        let scores: [String: JSONValue] = ["scores": .string("logits"), "top_k": .number("1")]
        #expect(asked[0].params == .object(shared.merging(tokens) { $1 }))
        #expect(asked[1].params == .object(shared.merging(scores) { $1 }))
    }

    @Test func withoutOutputsAllAreAnswered() throws {
        for outputs in ["", #""outputs":[],"#, #""outputs":null,"#] {
            let question = try Self.read(InferenceText.whole(outputs + #""parameters":{"binary_data_output":true}"#))
            #expect(question.outputs.map(\.kind) == [.embedding, .scores] && question.outputs.allSatisfy(\.isBinary))
        }
    }

    @Test(arguments: [
        (#""outputs":[{"name":"logits"}]"#, #"one of this model's, "embedding", "scores", "tokens""#),
        (#""outputs":[{}]"#, "outputs[0].name"),
        (#""outputs":[{"name":"scores"},{"name":"scores"}]"#, "outputs[1] is scores again"),
        (#""outputs":["scores"]"#, "outputs[0] must be an object"),
        (#""outputs":7"#, "body.outputs must be an array"),
        (#""outputs":[{"name":"scores","parameters":{"classification":3}}]"#, "must be an integer from 1 to 2"),
        (#""outputs":[{"name":"scores","parameters":{"classification":0}}]"#, "must be an integer from 1 to 2"),
        (#""outputs":[{"name":"embedding","parameters":{"classification":1}}]"#, "classification must be left out"),
        (#""outputs":[{"name":"scores","parameters":{"shared_memory_region":"a"}}]"#, "shares no memory"),
        (#""outputs":[{"name":"scores","parameters":{"binary_data":1}}]"#, "binary_data must be true or false"),
        (#""outputs":[{"name":"scores"}],"parameters":{"pooling":"mean"}"#, "parameters.pooling is not known"),
        (#""outputs":[{"name":"tokens"}],"parameters":{"pooling":"mean"}"#, "parameters.pooling is not known"),
        (#""parameters":{"sequence_id":1}"#, "parameters.sequence_id is not known"),
        (#""parameters":{"timeout":0}"#, "parameters.timeout must be"),
        (#""parameters":{"timeout":5,"deadline_ms":5}"#, "parameters.timeout must be left out"),
        (#""parameters":{"binary_data_output":"yes"}"#, "parameters.binary_data_output must be"),
        (#""parameters":[]"#, "parameters must be an object"),
        (#""id":true"#, "body.id must be"),
        (#""raw":1"#, "body.raw is not known"),
    ])
    func whatIsNotKnownIsRefusedByName(members: String, says: String) {
        let error = Self.refusal(InferenceText.whole(members))
        let found = error?.message ?? ""
        #expect(error?.type == .invalidParams && found.contains(says), "\(members): \(found)")
    }

    @Test(arguments: [
        "", "[]", "7", "{}", #"{"inputs":{}}"#, #"{"inputs":[]}"#, #"{"inputs":[7]}"#, #"{"inputs":[{}]}"#,
        #"{"inputs":[{"name":"picture","datatype":"BYTES","shape":[1],"data":["YQ=="]}]}"#,
        #"{"inputs":[{"name":"image","shape":[1],"data":["YQ=="]}]}"#,
        #"{"inputs":[{"name":"image","datatype":"BYTES","data":["YQ=="]}]}"#,
        #"{"inputs":[{"name":"image","datatype":"BYTES","shape":[1]}]}"#,
        #"{"inputs":[{"name":"image","datatype":"BYTES","shape":[1],"data":[7]}]}"#,
        #"{"inputs":[{"name":"image","datatype":"BYTES","shape":[2],"data":["YQ=="]}]}"#,
        #"{"inputs":[{"name":"image","datatype":"BYTES","shape":[1],"data":["YQ==","YQ=="]}]}"#,
        #"{"inputs":[{"name":"image","datatype":"BYTES","shape":[1],"data":["https://a.b/c.png"]}]}"#,
        #"{"inputs":[{"name":"image","datatype":"BYTES","shape":[1],"data":["YQ=="],"parameters":{"binary_data_size":0}}]}"#,
        #"{"inputs":[{"name":"image","datatype":"BYTES","shape":[1],"parameters":{"shared_memory_region":"a"}}]}"#,
    ])
    func aRequestHasOneTensor(json: String) {
        do {
            _ = try Self.read(json)
            Issue.record("taken: \(json)")
        } catch {
            #expect(Self.refusedTypes(error), "\(json): \(error)")
        }
    }
}
