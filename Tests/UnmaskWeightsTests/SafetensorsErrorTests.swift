import Foundation
import Testing
import UnmaskWeights

/// One cause, the bytes that bring it about. The cases are those of huggingface/safetensors' own tests and more.
@Suite struct SafetensorsErrorTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let cause: WeightsError.Cause
        let header: String
        let dataByteCount: Int
        var testDescription: String { "\(cause) \(header.prefix(100))" }

        init(_ cause: WeightsError.Cause, _ header: String, data: Int = 0) {
            self.cause = cause
            self.header = header
            dataByteCount = data
        }
    }

    static func entry(_ name: String, _ start: Int, _ end: Int, shape: String = "[2]", type: String = "F32") -> String {
        "\"\(name)\":{\"dtype\":\"\(type)\",\"shape\":\(shape),\"data_offsets\":[\(start),\(end)]}"
    }

    static let cases: [Case] = [
        Case(.headerStart, " {}"),
        Case(.headerStart, "[]"),
        Case(.headerJSON, "{"),
        Case(.headerJSON, "{}{}"),
        Case(.headerJSON, "{\u{0}}"),
        Case(.headerJSON, "{\(entry("a", 0, 8)),}", data: 8),
        Case(.headerJSON, "{\"a\\x\":1}"),
        Case(.headerJSON, "{\"a\\ud800\":{}}"),
        Case(.headerJSON, "{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,0]}}"),
        Case(.headerJSON, "{\"a\":{\"dtype\":\"F32\",\"shape\":[1.0],\"data_offsets\":[0,4]}}", data: 4),
        Case(.headerJSON, "{\(entry("a", 0, 8, shape: "[99999999999999999999]"))}", data: 8),
        Case(.headerJSON, "{\"a\":{\"x\":\(String(repeating: "[", count: 100_000))"),
        Case(.headerMetadata, "{\"__metadata__\":{\"a\":1}}"),
        Case(.headerMetadata, "{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}"),
        Case(.headerTensorInfo, "{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}"),
        Case(.headerTensorInfo, "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0]}}"),
        Case(
            .headerTensorInfo, "{\"a\":{\"dtype\":\"F32\",\"dtype\":\"I8\",\"shape\":[2],\"data_offsets\":[0,8]}}",
            data: 8),
        Case(.elementTypeUnknown, "{\(entry("a", 0, 8, type: "F33"))}", data: 8),
        Case(.elementTypeUnsupported, "{\(entry("a", 0, 2, type: "F8_E4M3"))}", data: 2),
        Case(.tensorNameDuplicate, "{\(entry("a", 0, 8)),\(entry("\\u0061", 8, 16))}", data: 16),
        Case(.shapeOverflow, "{\(entry("a", 0, 8, shape: "[4294967296,4294967296]"))}", data: 8),
        Case(.offsetsReversed, "{\(entry("a", 8, 0))}", data: 8),
        Case(.offsetsBeyondFile, "{\(entry("a", 0, 8))}", data: 7),
        Case(.offsetsLength, "{\(entry("a", 0, 8, shape: "[3]"))}", data: 8),
        Case(.offsetsOverlap, "{\(entry("a", 0, 8)),\(entry("b", 4, 12))}", data: 12),
        Case(.offsetsOverlap, "{\(entry("a", 0, 8)),\(entry("b", 0, 8))}", data: 8),
        Case(.offsetsGap, "{\(entry("a", 0, 8)),\(entry("b", 9, 17))}", data: 17),
        Case(.offsetsGap, "{\(entry("a", 1, 9))}", data: 9),
        Case(.dataTrailing, "{\(entry("a", 0, 8))}", data: 9),
        Case(.dataTrailing, "{}", data: 1),
    ]

    @Test(arguments: cases)
    func cause(_ test: Case) throws {
        let folder = try TemporaryFolder()
        let length = UInt64(test.header.utf8.count).littleEndianBytes
        let path = try folder.write(length + Array(test.header.utf8) + Array(repeating: 0, count: test.dataByteCount))
        let error = try weightsError { _ = try SafetensorsFile(path: path) }
        #expect(error.cause == test.cause, "\(error)")
        #expect(error.description.utf8.count < 1000)
    }

    @Test(arguments: [
        ([1, 2, 3], WeightsError.Cause.headerTooSmall),
        (UInt64(100_000_001).littleEndianBytes, .headerTooLarge),
        (UInt64.max.littleEndianBytes, .headerTooLarge),
        (UInt64(100).littleEndianBytes + Array("{}".utf8), .headerBeyondFile),
        (UInt64(0).littleEndianBytes, .headerStart),
        (UInt64(5).littleEndianBytes + [0x7B, 0x22, 0xFF, 0x22, 0x7D], .headerJSON),
    ])
    func lengthAndEncoding(bytes: [UInt8], cause: WeightsError.Cause) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(bytes)
        #expect(try weightsError { _ = try SafetensorsFile(path: path) }.cause == cause)
    }

    @Test func paddingUnknownMembersAndEmptyTensorsAreAccepted() throws {
        let folder = try TemporaryFolder()
        let header =
            "{\(Self.entry("z", 0, 0, shape: "[0,7]")),\"a\":{\"extra\":[{\"x\":null},-1.5e3],\"dtype\":\"U8\","
            + "\"shape\":[],\"data_offsets\":[0,1]}}\n \t "
        let path = try folder.write(UInt64(header.utf8.count).littleEndianBytes + Array(header.utf8) + [7])
        let tensors = try SafetensorsFile(path: path).tensors
        #expect(tensors.names == ["z", "a"])
        #expect(tensors["a"]?.withBytes { Array($0) } == [7])
    }

    @Test func escapesAreThoseOfJSON() throws {
        let folder = try TemporaryFolder()
        let text = #""\ud83d\ude42 \u00E9 \u0041 \b\f\n\r\t\/\\\" \u0000 é🙂""#
        let header = "{\"__metadata__\":{\"k\":\(text)}}"
        let path = try folder.write(UInt64(header.utf8.count).littleEndianBytes + Array(header.utf8))
        let expected = try JSONDecoder().decode(String.self, from: Data(text.utf8))
        #expect(try SafetensorsFile(path: path).metadata == ["k": expected])
    }

    @Test(arguments: [
        ("{\"weight_map\":{\"a\":\"../x.safetensors\"}}", WeightsError.Cause.shardNameUnsafe),
        ("{\"weight_map\":{\"a\":\"/etc/passwd\"}}", .shardNameUnsafe),
        ("{\"weight_map\":{\"a\":\"..\"}}", .shardNameUnsafe),
        ("{\"weight_map\":{\"a\":\"missing.safetensors\"}}", .fileNotFound),
        ("{\"weight_map\":{\"a\":\"s.safetensors\"}}", .shardTensorUnlisted),
        (
            "{\"weight_map\":{\"a\":\"s.safetensors\",\"b\":\"s.safetensors\",\"c\":\"s.safetensors\"}}",
            .shardTensorMissing
        ),
        ("{\"weight_map\":{\"a\":\"s.safetensors\",\"a\":\"s.safetensors\"}}", .tensorNameDuplicate),
        ("{\"metadata\":{}}", .indexWeightMapMissing),
        ("{\"weight_map\":", .indexJSON),
    ])
    func index(json: String, cause: WeightsError.Cause) throws {
        let folder = try TemporaryFolder()
        let header = "{\(Self.entry("a", 0, 8)),\(Self.entry("b", 8, 16))}"
        let shard = UInt64(header.utf8.count).littleEndianBytes + Array(header.utf8) + Array(repeating: 0, count: 16)
        _ = try folder.write(shard, to: "s.safetensors")
        let path = try folder.write(json.utf8, to: "model.safetensors.index.json")
        let error = try weightsError { _ = try TensorFile(path: path) }
        #expect(error.cause == cause, "\(error)")
    }
}
