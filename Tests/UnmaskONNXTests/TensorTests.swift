import Foundation
import SwiftProtobuf
import Testing
import UnmaskGraph

@testable import UnmaskONNX

/// A tensor in each of its types and forms holds the numbers that were written.
struct TensorTests {
    static let types: [(TensorProto.DataType, ElementType)] = [
        (.float, .f32), (.float16, .f16), (.bfloat16, .bf16), (.double, .f64), (.int8, .i8), (.uint8, .u8),
        (.int16, .i16), (.uint16, .u16), (.int32, .i32), (.uint32, .u32), (.int64, .i64), (.uint64, .u64),
        (.bool, .bool),
    ]

    /// 1 and 0 in any type, and in signed ones -3 instead of the second 1.
    static func numbers(_ type: ElementType) -> [Double] {
        [.u8, .u16, .u32, .u64, .bool].contains(type) ? [1, 0, 1] : [1, 0, -3]
    }

    @Test(arguments: types)
    func typedFieldsAndRawDataAgree(number: TensorProto.DataType, type: ElementType) throws {
        let numbers = TensorTests.numbers(type)
        var typed = TensorProto()
        (typed.name, typed.dataType, typed.dims) = ("w", Int32(number.rawValue), [3])
        switch type {
        case .f32: typed.floatData = numbers.map { Float($0) }
        case .f64: typed.doubleData = numbers
        case .f16: typed.int32Data = numbers.map { Int32(Float16($0).bitPattern) }
        case .bf16: typed.int32Data = numbers.map { Int32(Float($0).bitPattern >> 16) }
        case .i64: typed.int64Data = numbers.map { Int64($0) }
        case .u32, .u64: typed.uint64Data = numbers.map { UInt64($0) }
        default: typed.int32Data = numbers.map { Int32($0) }
        }
        #expect(try read(typed).doubles == numbers)

        var raw = TensorProto()
        (raw.name, raw.dataType, raw.dims) = ("w", typed.dataType, [3])
        raw.rawData = Data(try read(typed).withBytes { Array($0) })
        let tensor = try read(raw)
        #expect(tensor.doubles == numbers)
        #expect(tensor.type == type && tensor.shape == [3])
        if case .mapped = tensor.contents {} else { Issue.record("raw_data of \(type) was copied") }
    }

    /// Elements of old writers: one field for each, not packed.
    @Test func unpackedFieldsAreRead() throws {
        let elements: [UInt8] = [0x25] + bytes(of: 1.5) + [0x25] + bytes(of: -2)
        // data_type 1, dims 2, two float_data with tag 4 << 3 | 5, name.
        let tensor: [UInt8] = [0x10, 1, 0x08, 2] + elements + [0x42, 1, UInt8(ascii: "w")]
        #expect(try readInitializer(tensor).doubles == [1.5, -2])
    }

    /// One field of elements in several pieces, as protobuf allows.
    @Test func splitFieldsAreJoined() throws {
        let elements: [UInt8] = [0x22, 4] + bytes(of: 1.5) + [0x22, 4] + bytes(of: -2)
        let tensor: [UInt8] = [0x10, 1, 0x08, 2] + elements + [0x42, 1, UInt8(ascii: "w")]
        #expect(try readInitializer(tensor).doubles == [1.5, -2])
    }

    /// What the reader puts into its own messages means nothing in a file.
    @Test func forgedReferenceIsIgnored() throws {
        // Field 1000, the reader's own: tag 1000 << 3 in two bytes.
        let tensor: [UInt8] = [0x10, 1, 0x08, 1, 0xc0, 0x3e, 5, 0x22, 4] + bytes(of: 7) + [0x42, 1, UInt8(ascii: "w")]
        #expect(try readInitializer(tensor).doubles == [7])
        let without: [UInt8] = [0x10, 1, 0x08, 1, 0xc0, 0x3e, 5, 0x42, 1, UInt8(ascii: "w")]
        #expect(throws: ONNXError.self) { try readInitializer(without) }
    }

    private func bytes(of number: Float) -> [UInt8] {
        withUnsafeBytes(of: number) { Array($0) }
    }

    private func read(_ tensor: TensorProto) throws -> Tensor {
        try readInitializer(tensor.serializedBytes())
    }

    /// The tensor of a model whose initializer has these bytes, and whose output is that initializer.
    private func readInitializer(_ tensor: [UInt8]) throws -> Tensor {
        let folder = try TemporaryFolder()
        let model = ModelProto.test(inputs: [], nodes: [], outputs: ["w"])
        var graph: [UInt8] = try model.graph.serializedBytes()
        graph += [0x2a, UInt8(tensor.count)] + tensor
        var rest = model
        rest.clearGraph()
        let bytes: [UInt8] = try rest.serializedBytes() + [0x3a, UInt8(graph.count)] + graph
        let path = try folder.write(bytes, to: "model.onnx")
        let loaded = try ONNXModel.load(path)
        return try #require(loaded.graph.constants.values.first)
    }
}
