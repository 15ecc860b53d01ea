import Testing
import UnmaskWeights

/// Legacy files assembled by hand, for what today's torch no longer writes.
@Suite struct TorchLegacyTests {
    private typealias Pickle = PickleBuilder

    private static let magic: [UInt8] = [
        0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E,
    ]

    /// A file of one storage of four float32, 1 to 4, that `view` is a part of where given.
    private func file(
        object: ([UInt8]) -> [UInt8], view: [UInt8] = [0x4E], little: Bool = true, keys: [String] = ["7"],
        count: Int = 4, version: UInt16 = 1001
    ) -> [UInt8] {
        let storage = Pickle.tuple([
            Pickle.string("storage"), Pickle.global("torch", "FloatStorage"), Pickle.string("7"), Pickle.string("cpu"),
            Pickle.integer(4), view,
        ])
        let arguments = Pickle.tuple([
            storage + [0x51], Pickle.integer(0), Pickle.tuple([Pickle.integer(2)]), Pickle.tuple([Pickle.integer(1)]),
        ])
        let tensor = Pickle.global("torch._utils", "_rebuild_tensor") + arguments + [0x52]
        let machine = Pickle.dictionary([("little_endian", [little ? 0x88 : 0x89])])
        let header = Self.magic + [0x80, 2, 0x4D] + version.littleEndianBytes + [0x2E] + machine
        let list = [0x80, 2] + Array("](".utf8) + keys.flatMap(Pickle.string) + Array("e.".utf8)
        let elements = [Float(1), 2, 3, 4].withUnsafeBytes { Array($0) }
        return header + [0x80, 2] + object(tensor) + [0x2E] + list + count.littleEndianBytes + elements
    }

    private func dictionary(_ tensor: [UInt8]) -> [UInt8] {
        Array("}".utf8) + Pickle.string("w") + tensor + Array("s".utf8)
    }

    private func read(_ bytes: [UInt8]) throws -> TensorTable {
        let folder = try TemporaryFolder()
        return try TensorFile(path: folder.write(bytes)).tensors()
    }

    @Test func partsOfStorages() throws {
        #expect(try read(file(object: dictionary))["w"]?.floats() == [1, 2])
        let part = Pickle.tuple([Pickle.string("8"), Pickle.integer(1), Pickle.integer(2)])
        #expect(try read(file(object: dictionary, view: part))["w"]?.floats() == [2, 3])
        let short = Pickle.tuple([Pickle.string("8"), Pickle.integer(3), Pickle.integer(1)])
        #expect(try weightsError { _ = try read(file(object: dictionary, view: short)) }.cause == .torchViewOutside)
        let outside = Pickle.tuple([Pickle.string("8"), Pickle.integer(3), Pickle.integer(2)])
        // A reference that contradicts itself is none, so that the storage's type is not known.
        #expect(
            try weightsError { _ = try read(file(object: dictionary, view: outside)) }.cause == .torchLegacyStorages)
    }

    @Test func orderedDictionariesOfPython2() throws {
        let bytes = file { tensor in
            let pair = Array("](".utf8) + Pickle.string("w") + tensor + Array("e".utf8)
            let pairs = Array("](".utf8) + pair + Array("e".utf8)
            return Pickle.global("collections", "OrderedDict") + Pickle.tuple([pairs]) + [0x52]
        }
        #expect(try read(bytes)["w"]?.floats() == [1, 2])
    }

    @Test func malformedFiles() throws {
        let cases: [(WeightsError.Cause, [UInt8])] = [
            (.torchBigEndian, file(object: dictionary, little: false)),
            (.torchLegacyHeader, file(object: dictionary, version: 1000)),
            (.torchLegacyStorages, file(object: dictionary, keys: ["8"])),
            (.torchLegacyStorages, file(object: dictionary, count: 5)),
            (.torchLegacyStorages, file(object: dictionary, count: -1)),
            (.torchLegacyStorages, file(object: dictionary, count: .max)),
            (.torchStorageMissing, file(object: dictionary, keys: [])),
            (.torchStorageSize, file(object: dictionary, count: 3)),
        ]
        for (cause, bytes) in cases {
            let error = try weightsError { _ = try read(bytes) }
            #expect(error.cause == cause, "\(error)")
        }
    }
}
