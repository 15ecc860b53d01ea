import Foundation
import Testing
import UnmaskGraph

/// A value as `torch.save` pickles it.
enum Pickled {
    case tensor(Tensor)
    case dictionary([(String, Pickled)])
    case list([Pickled])
    case namespace([(String, Pickled)])
    case text(String)
    case number(Int)
    case bool(Bool)

    static func tensors(_ tensors: [String: Tensor], prefix: String = "") -> Pickled {
        .dictionary(tensors.sorted { $0.key < $1.key }.map { (prefix + $0.key, .tensor($0.value)) })
    }
}

/// Writes what `torch.save` writes: a stored zip archive of a pickle and a storage for each tensor.
struct TorchWriter {
    private var storages: [[UInt8]] = []
    private var pickle: [UInt8] = [0x80, 2]

    static func write(_ value: Pickled, to path: String) throws {
        var writer = TorchWriter()
        try writer.append(value)
        writer.pickle += Array(".".utf8)
        let files = [("archive/data.pkl", writer.pickle), ("archive/byteorder", Array("little".utf8))]
        let data = writer.storages.enumerated().map { ("archive/data/\($0.offset)", $0.element) }
        try Data(archive(files + data)).write(to: URL(fileURLWithPath: path))
    }

    private mutating func append(_ value: Pickled) throws {
        switch value {
        case .dictionary(let items): try append(items, opening: "}(")
        case .namespace(let items):
            pickle += Array("cargparse\nNamespace\n)".utf8) + [0x81]
            try append(items, opening: "}(")
            pickle += Array("b".utf8)
        case .list(let items):
            pickle += Array("](".utf8)
            for item in items { try append(item) }
            pickle += Array("e".utf8)
        case .text(let text): append(text)
        case .number(let number): append(number)
        case .bool(let bool): pickle.append(bool ? 0x88 : 0x89)
        case .tensor(let tensor):
            try #require(tensor.type == .f32)
            pickle += Array("ctorch._utils\n_rebuild_tensor_v2\n((".utf8)
            append("storage")
            pickle += Array("ctorch\nFloatStorage\n".utf8)
            append("\(storages.count)")
            append("cpu")
            append(tensor.count)
            pickle += Array("tQ".utf8)
            append(0)
            append(tensor.shape)
            append(tensor.shape.indices.map { tensor.shape[($0 + 1)...].reduce(1, *) })
            pickle += [0x89] + Array("}tR".utf8)
            storages.append(tensor.withBytes { Array($0) })
        }
    }

    private mutating func append(_ items: [(String, Pickled)], opening: String) throws {
        pickle += Array(opening.utf8)
        for (key, item) in items {
            append(key)
            try append(item)
        }
        pickle += Array("u".utf8)
    }

    private mutating func append(_ text: String) {
        pickle += [0x58] + Self.bytes(UInt32(text.utf8.count)) + Array(text.utf8)
    }

    private mutating func append(_ number: Int) { pickle += [0x8A, 8] + Self.bytes(Int64(number)) }

    private mutating func append(_ shape: [Int]) {
        pickle += Array("(".utf8)
        for size in shape { append(size) }
        pickle += Array("t".utf8)
    }

    private static func archive(_ files: [(String, [UInt8])]) -> [UInt8] {
        var archive: [UInt8] = []
        var directory: [UInt8] = []
        for (name, contents) in files {
            // Flags, method, time, checksum (not verified), sizes, lengths of name and extra field.
            let common =
                [10, 0] + [UInt8](repeating: 0, count: 12) + bytes(UInt32(contents.count))
                + bytes(UInt32(contents.count)) + bytes(UInt16(name.utf8.count)) + [0, 0]
            directory += bytes(UInt32(0x0201_4B50)) + [10, 0] + common + [UInt8](repeating: 0, count: 10)
            directory += bytes(UInt32(archive.count)) + Array(name.utf8)
            archive += bytes(UInt32(0x0403_4B50)) + common + Array(name.utf8) + contents
        }
        let count = bytes(UInt16(files.count))
        let end =
            [0, 0, 0, 0] + count + count + bytes(UInt32(directory.count)) + bytes(UInt32(archive.count)) + [0, 0]
        return archive + directory + bytes(UInt32(0x0605_4B50)) + end
    }

    private static func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
}
