/// Where the central directory of a zip archive lies, from the records at the archive's end.
struct ZipDirectoryLocation {
    let range: Range<Int>
    let entryCount: Int

    private static let endSignature: UInt32 = 0x0605_4B50
    private static let end64Signature: UInt32 = 0x0606_4B50
    private static let locatorSignature: UInt32 = 0x0706_4B50

    init(_ bytes: UnsafeRawBufferPointer, file: String) throws(WeightsError) {
        guard let end = ZipDirectoryLocation.endRecord(bytes) else {
            throw WeightsError(.zipEndMissing, file: file, "the zip archive has no end record")
        }
        var limit = end
        var disks = UInt64(bytes.littleEndian(at: end + 4, as: UInt32.self) ?? 0)
        var count = UInt64(bytes.littleEndian(at: end + 10, as: UInt16.self) ?? 0)
        var size = UInt64(bytes.littleEndian(at: end + 12, as: UInt32.self) ?? 0)
        var offset = UInt64(bytes.littleEndian(at: end + 16, as: UInt32.self) ?? 0)
        if bytes.littleEndian(at: end - 20) == ZipDirectoryLocation.locatorSignature {
            guard let record: UInt64 = bytes.littleEndian(at: end - 12), record <= UInt64(max(0, end - 76)),
                bytes.littleEndian(at: Int(record)) == ZipDirectoryLocation.end64Signature,
                let disks64: UInt64 = bytes.littleEndian(at: Int(record) + 16),
                let count64: UInt64 = bytes.littleEndian(at: Int(record) + 32),
                let size64: UInt64 = bytes.littleEndian(at: Int(record) + 40),
                let offset64: UInt64 = bytes.littleEndian(at: Int(record) + 48)
            else { throw WeightsError(.zipDirectory, file: file, "the zip64 end record is not where it should be") }
            (limit, disks, count, size, offset) = (Int(record), disks64, count64, size64, offset64)
        }
        guard disks == 0 else {
            throw WeightsError(.zipMultipleDisks, file: file, "the zip archive is one of several parts")
        }
        guard offset <= UInt64(limit), size <= UInt64(limit) - offset, count <= size / 46 else {
            throw WeightsError(
                .zipDirectory, file: file,
                "a directory of \(count) entries in \(size) bytes from \(offset) does not fit before byte \(limit)")
        }
        range = Int(offset)..<Int(offset) + Int(size)
        entryCount = Int(count)
    }

    /// The offset of the record whose comment, at most 65,535 bytes, ends with the file.
    private static func endRecord(_ bytes: UnsafeRawBufferPointer) -> Int? {
        let last = bytes.count - 22
        guard last >= 0 else { return nil }
        return (max(0, last - 0xFFFF)...last).reversed().first { offset in
            bytes.littleEndian(at: offset) == endSignature
                && bytes.littleEndian(at: offset + 20, as: UInt16.self).map(Int.init) == last - offset
        }
    }
}
