/// Assembles zip archives byte by byte, so that a test can make them lie.
struct ZipBuilder {
    struct Entry {
        var name: String
        var contents: [UInt8]
        var method: UInt16 = 0
        var flags: UInt16 = 0
        /// In place of the true values.
        var localName: String?
        var localSize: UInt32?
        var directorySize: UInt32?
        var headerOffset: UInt32?
    }

    var entries: [Entry]
    /// Writes all sizes and offsets as zip64 does.
    var isZip64 = false
    var comment: [UInt8] = []
    var disk: UInt16 = 0
    var count: UInt16?

    init(_ files: [(String, [UInt8])]) { entries = files.map { Entry(name: $0.0, contents: $0.1) } }

    var bytes: [UInt8] {
        var archive: [UInt8] = []
        var directory: [UInt8] = []
        for entry in entries {
            let offset = UInt32(archive.count)
            archive += header(entry, local: true)
            archive += entry.contents
            directory += header(entry, local: false, offset: entry.headerOffset ?? offset)
        }
        let start = archive.count
        archive += directory
        if isZip64 {
            let record = archive.count
            archive += UInt32(0x0606_4B50).littleEndianBytes + UInt64(44).littleEndianBytes + [45, 0, 45, 0]
            archive += UInt64(0).littleEndianBytes
            archive += UInt64(entries.count).littleEndianBytes + UInt64(entries.count).littleEndianBytes
            archive += UInt64(directory.count).littleEndianBytes + UInt64(start).littleEndianBytes
            archive += UInt32(0x0706_4B50).littleEndianBytes + UInt32(0).littleEndianBytes
            archive += UInt64(record).littleEndianBytes + UInt32(1).littleEndianBytes
        }
        let count = isZip64 ? .max : self.count ?? UInt16(entries.count)
        archive += UInt32(0x0605_4B50).littleEndianBytes + disk.littleEndianBytes + disk.littleEndianBytes
        archive += count.littleEndianBytes + count.littleEndianBytes
        archive += (isZip64 ? UInt32.max : UInt32(directory.count)).littleEndianBytes
        archive += (isZip64 ? UInt32.max : UInt32(start)).littleEndianBytes
        return archive + UInt16(comment.count).littleEndianBytes + comment
    }

    private func header(_ entry: Entry, local: Bool, offset: UInt32 = 0) -> [UInt8] {
        let size = (local ? entry.localSize : entry.directorySize) ?? UInt32(entry.contents.count)
        let name = Array((local ? entry.localName ?? entry.name : entry.name).utf8)
        var extra: [UInt8] = []
        if isZip64, !local {
            extra = UInt16(1).littleEndianBytes + UInt16(24).littleEndianBytes
            extra += UInt64(size).littleEndianBytes + UInt64(size).littleEndianBytes + UInt64(offset).littleEndianBytes
        }
        let narrow = isZip64 ? UInt32.max : size
        var header = local ? UInt32(0x0403_4B50).littleEndianBytes : UInt32(0x0201_4B50).littleEndianBytes + [45, 0]
        header += [45, 0] + entry.flags.littleEndianBytes + entry.method.littleEndianBytes + [0, 0, 0, 0]
        header += UInt32(0).littleEndianBytes + narrow.littleEndianBytes + narrow.littleEndianBytes
        header += UInt16(name.count).littleEndianBytes + UInt16(extra.count).littleEndianBytes
        if !local {
            header += [0, 0, 0, 0, 0, 0, 0, 0, 0, 0] + (isZip64 ? UInt32.max : offset).littleEndianBytes
        }
        return header + name + extra
    }
}

/// Assembles the pickles of torch's protocol 2.
enum PickleBuilder {
    static func string(_ text: String) -> [UInt8] {
        [0x58] + UInt32(text.utf8.count).littleEndianBytes + Array(text.utf8)
    }

    static func integer(_ value: Int) -> [UInt8] { [0x8A, 8] + value.littleEndianBytes }

    static func tuple(_ items: [[UInt8]]) -> [UInt8] { Array("(".utf8) + items.joined() + Array("t".utf8) }

    static func global(_ module: String, _ name: String) -> [UInt8] { Array("c\(module)\n\(name)\n".utf8) }

    /// A call of `_rebuild_tensor_v2` for a float32 storage of four elements.
    static func tensor(key: String = "0", offset: Int = 0, shape: [Int], strides: [Int]) -> [UInt8] {
        let storage = tuple([
            string("storage"), global("torch", "FloatStorage"), string(key), string("cpu"), integer(4),
        ])
        let arguments = tuple([
            storage + Array("Q".utf8), integer(offset), tuple(shape.map(integer)), tuple(strides.map(integer)),
            [0x89], Array("}".utf8),
        ])
        return global("torch._utils", "_rebuild_tensor_v2") + arguments + Array("R".utf8)
    }

    /// A dictionary in a pickle.
    static func nested(_ items: [(String, [UInt8])]) -> [UInt8] {
        Array("}(".utf8) + items.flatMap { string($0.0) + $0.1 } + Array("u".utf8)
    }

    /// A whole pickle of a dictionary.
    static func dictionary(_ items: [(String, [UInt8])]) -> [UInt8] {
        [0x80, 2] + nested(items) + Array(".".utf8)
    }
}
