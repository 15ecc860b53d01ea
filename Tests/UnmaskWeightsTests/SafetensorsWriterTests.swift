import Foundation
import Testing
import UnmaskGraph
import UnmaskWeights

@Suite struct SafetensorsWriterTests {
    @Test func whatIsWrittenIsReadBackBitForBit() throws {
        let folder = try TemporaryFolder()
        let source = try TensorFile(path: Fixture.path("types.safetensors"))
        let path = "\(folder.path)/copy.safetensors"
        #expect(try SafetensorsWriter.write(source.tensors(), metadata: source.metadata, to: path).isEmpty)
        let copy = try TensorFile(path: path)
        try Fixture.expectTensors(copy.tensors(), areThoseOf: "types.safetensors")
        #expect(copy.metadata == source.metadata)
        #expect(try folder.contents == ["copy.safetensors"])
    }

    @Test func bytesDoNotDependOnTheOrderAndEveryTensorIsAligned() throws {
        let folder = try TemporaryFolder()
        let tensors = try TensorFile(path: Fixture.path("state.pth")).tensors()
        let metadata = Dictionary(uniqueKeysWithValues: (0..<20).map { ("key\($0)", "value") })
        try SafetensorsWriter.write(tensors, metadata: metadata, to: "\(folder.path)/a")
        try SafetensorsWriter.write(tensors.reversed(), metadata: metadata, to: "\(folder.path)/b")
        #expect(FileManager.default.contentsEqual(atPath: "\(folder.path)/a", andPath: "\(folder.path)/b"))
        for (name, tensor) in try SafetensorsFile(path: "\(folder.path)/a").tensors {
            guard case .mapped(_, let range) = tensor.contents else {
                Issue.record("\(name) is not mapped")
                continue
            }
            #expect(range.lowerBound.isMultiple(of: tensor.type.byteCount), "\(name)")
        }
    }

    @Test(arguments: [SafetensorsWriter.Storage.f16, .bf16])
    func conversionRoundsAsTorchDoes(storage: SafetensorsWriter.Storage) throws {
        let folder = try TemporaryFolder()
        // Three times over, so that the values cross the writer's chunks at different places.
        let values = try Fixture.bytes("conversion/f32.bin")
        let copies = 12
        let count = copies * values.count / 4
        let contents = Tensor.Contents.owned((0..<copies).flatMap { _ in values })
        let tensor = try #require(Tensor(shape: [count], type: .f32, contents: contents))
        let integers = Tensor(shape: [3], type: .u8, contents: .owned([1, 2, 3]))
        let written = [(name: "w", tensor: tensor), (name: "i", tensor: try #require(integers))]
        let overflows = try SafetensorsWriter.write(written, storage: storage, to: "\(folder.path)/x")
        let result = try SafetensorsFile(path: "\(folder.path)/x").tensors
        #expect(result["w"]?.type == storage.elementTypeForTest)
        #expect(result["i"]?.withBytes { Array($0) } == [1, 2, 3])
        let bits = try #require(result["w"]).withBytes { Array($0.bindMemory(to: UInt16.self)) }
        let expected = try Fixture.numbers("conversion/f32-to-\(storage.rawValue).bin", as: UInt16.self)
        let source = try Fixture.numbers("conversion/f32.bin", as: UInt32.self).map(Float.init(bitPattern:))
        let infinity: UInt16 = storage == .f16 ? 0x7C00 : 0x7F80
        let overflowed = zip(source, expected).count { $0.isFinite && $1 & 0x7FFF == infinity }
        #expect(overflowed > 0 && overflows.map(\.tensor) == ["w"] && overflows.map(\.count) == [copies * overflowed])
        for (index, bits) in bits.enumerated() {
            let value = source[index % source.count]
            let expected = expected[index % expected.count]
            // Which NaN it is differs from library to library.
            let isNaN = bits & 0x7FFF > infinity
            guard value.isNaN ? isNaN : bits == expected else {
                Issue.record("\(value) became \(bits), expected \(expected)")
                return
            }
        }
    }

    @Test func failuresLeaveWhatWasThere() throws {
        let folder = try TemporaryFolder()
        let tensor = Tensor([1, 2], shape: [2])
        let path = try folder.write("precious".utf8, to: "model.safetensors")
        let cases: [(WeightsError.Cause, [(String, Tensor)], String)] = [
            (.tensorNameDuplicate, [("a", tensor), ("a", tensor)], path),
            (.tensorNameReserved, [("__metadata__", tensor)], path),
            (.outputNotRegular, [("a", tensor)], folder.path),
            (.outputNotRegular, [("a", tensor)], "/dev/null"),
            (.outputUnwritable, [("a", tensor)], "\(folder.path)/missing/model.safetensors"),
            (.outputFailed, [("a", tensor)], "\(folder.path)/\(String(repeating: "x", count: 256))"),
        ]
        for (cause, tensors, path) in cases {
            let elements = tensors.map { (name: $0.0, tensor: $0.1) }
            #expect(try weightsError { try SafetensorsWriter.write(elements, to: path) }.cause == cause)
        }
        #expect(try folder.contents == ["model.safetensors"])
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "precious")
    }

    @Test func namesAndMetadataAreValidJSON() throws {
        let folder = try TemporaryFolder()
        let text = String(String.UnicodeScalarView((0..<0x80).compactMap(Unicode.Scalar.init))) + "é\u{2028}🙂"
        try SafetensorsWriter.write(
            [(name: text, tensor: Tensor([1], shape: []))], metadata: [text: text], to: "\(folder.path)/x")
        let bytes = try Data(contentsOf: URL(filePath: "\(folder.path)/x"))
        let header = try JSONSerialization.jsonObject(with: bytes[8..<(bytes.count - 4)]) as? [String: [String: Any]]
        #expect(header?["__metadata__"] as? [String: String] == [text: text])
        #expect(header?[text]?["dtype"] as? String == "F32")
        #expect(try SafetensorsFile(path: "\(folder.path)/x").metadata == [text: text])
    }
}

extension SafetensorsWriter.Storage {
    fileprivate var elementTypeForTest: ElementType? { ElementType(rawValue: rawValue) }
}
