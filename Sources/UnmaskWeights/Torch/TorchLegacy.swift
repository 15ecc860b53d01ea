import UnmaskGraph

/// The format before PyTorch 1.6: five pickles (a magic number, the protocol version, facts about the machine, the
/// object, the storages' keys), then for each key the storage's element count (8 bytes) and its elements.
/// Source: torch/serialization.py, `_legacy_save`. The still older tar format is not read.
extension TorchContents {
    /// 0x1950A86A20F9468CFC6C, least significant byte first.
    private static let magicNumber: [UInt8] = [0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19]

    init(legacy file: MappedFile) throws(WeightsError) {
        func malformed(_ detail: String) -> WeightsError {
            WeightsError(.torchLegacyHeader, file: file.path, detail)
        }
        let magic = try Pickle(file, 0..<file.byteCount)
        guard case .bigInt(TorchContents.magicNumber) = magic.root else {
            throw malformed("the file is a pickle, but none that torch.save wrote: its magic number is missing")
        }
        let version = try Pickle(file, magic.end..<file.byteCount)
        guard case .int(1001) = version.root else { throw malformed("expected torch's protocol version 1001") }
        let machine = try Pickle(file, version.end..<file.byteCount)
        try TorchContents.checkByteOrder(machine, file: file.path)
        let object = try Pickle(file, machine.end..<file.byteCount)
        let keys = try Pickle(file, object.end..<file.byteCount)
        guard let node = keys.heap.node(keys.root), case .list = node.kind else {
            throw malformed("expected a list of storage keys after the pickled object")
        }
        var names: [String] = []
        for item in node.items {
            guard case .string(let name) = item else { throw malformed("a storage key is no string") }
            names.append(name)
        }
        self.init(
            root: object.root, heap: object.heap,
            storages: try TorchContents.legacyStorages(names, of: object.heap, from: keys.end, in: file))
    }

    private static func checkByteOrder(_ machine: Pickle, file: String) throws(WeightsError) {
        let facts = TorchContents(root: machine.root, heap: machine.heap, storages: [:]).entries(machine.root)
        guard case .bool(let little)? = facts?.first(where: { $0.name == "little_endian" })?.value else {
            throw WeightsError(.torchLegacyHeader, file: file, "the machine's byte order is not stated")
        }
        guard little else { throw WeightsError(.torchBigEndian, file: file, "the file is big-endian") }
    }

    /// The data name no element type: that of a key is where the object refers to it.
    private static func legacyStorages(
        _ names: [String], of heap: PickleHeap, from start: Int, in file: MappedFile
    ) throws(WeightsError) -> [String: Range<Int>] {
        func failure(_ name: String, _ detail: String) -> WeightsError {
            WeightsError(.torchLegacyStorages, file: file.path, "storage \(quoted(name)) \(detail)")
        }
        var references: [String: TorchStorage] = [:]
        for node in heap.nodes {
            if let storage = TorchStorage(node, in: heap) { references[storage.key] = storage }
        }
        var ranges: [String: Range<Int>] = [:]
        var offset = start
        for name in names {
            guard let size = references[name]?.kind?.byteCount else {
                throw failure(name, "has no known element type")
            }
            guard let count: Int64 = file.bytes.littleEndian(at: offset), count >= 0,
                let byteCount = product(Int(count), size), byteCount <= file.byteCount - offset - 8
            else { throw failure(name, "at byte \(offset) goes beyond the file") }
            guard ranges.updateValue(offset + 8..<offset + 8 + byteCount, forKey: name) == nil else {
                throw failure(name, "is listed twice")
            }
            offset += 8 + byteCount
        }
        return ranges
    }
}

private func product(_ a: Int, _ b: Int) -> Int? {
    let (product, overflow) = a.multipliedReportingOverflow(by: b)
    return overflow ? nil : product
}
