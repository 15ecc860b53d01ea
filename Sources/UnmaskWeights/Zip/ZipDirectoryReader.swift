/// Reads the central directory of a zip archive.
struct ZipDirectoryReader {
    let bytes: UnsafeRawBufferPointer
    let file: String

    func entries(_ directory: ZipDirectoryLocation) throws(WeightsError) -> [ZipEntry] {
        var entries: [ZipEntry] = []
        entries.reserveCapacity(directory.entryCount)
        var offset = directory.range.lowerBound
        for index in 0..<directory.entryCount {
            guard let (entry, next) = entry(at: offset, end: directory.range.upperBound) else {
                throw WeightsError(
                    .zipDirectory, file: file,
                    "entry \(index) of \(directory.entryCount) at byte \(offset) is cut short or malformed")
            }
            entries.append(entry)
            offset = next
        }
        return entries
    }

    private func entry(at offset: Int, end: Int) -> (entry: ZipEntry, next: Int)? {
        guard bytes.littleEndian(at: offset) == ZipEntry.directorySignature,
            let flags: UInt16 = bytes.littleEndian(at: offset + 8),
            let method: UInt16 = bytes.littleEndian(at: offset + 10),
            let compressed: UInt32 = bytes.littleEndian(at: offset + 20),
            let size: UInt32 = bytes.littleEndian(at: offset + 24),
            let nameLength: UInt16 = bytes.littleEndian(at: offset + 28),
            let extraLength: UInt16 = bytes.littleEndian(at: offset + 30),
            let commentLength: UInt16 = bytes.littleEndian(at: offset + 32),
            let header: UInt32 = bytes.littleEndian(at: offset + 42)
        else { return nil }
        let extra = offset + 46 + Int(nameLength)
        let next = extra + Int(extraLength) + Int(commentLength)
        guard next <= end, let name = String(validating: bytes[offset + 46..<extra], as: UTF8.self) else { return nil }
        var wide = ZipWideFields(bytes, extra: extra..<extra + Int(extraLength))
        // The order is the format's: only those fields are in the extra that do not fit their 32 bits.
        guard let size = wide.resolve(size), let compressed = wide.resolve(compressed),
            let header = wide.resolve(header)
        else { return nil }
        let entry = ZipEntry(
            name: name, flags: flags, method: method, compressedByteCount: compressed, byteCount: size,
            headerOffset: header)
        return (entry, next)
    }

    /// Whether the entry can be read as it lies there.
    func check(_ entry: ZipEntry) throws(WeightsError) {
        func failure(_ cause: WeightsError.Cause, _ detail: String) -> WeightsError {
            WeightsError(cause, file: file, "entry \(quoted(entry.name)) \(detail)")
        }
        guard entry.flags & 1 == 0 else { throw failure(.zipEntryEncrypted, "is encrypted") }
        guard entry.method == 0 else {
            throw failure(.zipEntryCompressed, "is compressed (method \(entry.method)), which is not supported")
        }
        guard entry.compressedByteCount == entry.byteCount else {
            throw failure(
                .zipEntrySize, "is stored, yet \(entry.compressedByteCount) bytes stand for \(entry.byteCount)")
        }
        let parts = entry.name.split(separator: "/", omittingEmptySubsequences: false)
        guard !entry.name.hasPrefix("/"), !entry.name.isEmpty, !parts.contains(".."),
            !entry.name.unicodeScalars.contains(where: { $0 == "\\" || $0 == "\0" })
        else { throw failure(.zipEntryName, "has an unsafe name") }
    }
}

/// The 64-bit values in a directory entry's extra field 0x0001, taken in order.
private struct ZipWideFields {
    private let bytes: UnsafeRawBufferPointer
    private var rest: Range<Int>

    init(_ bytes: UnsafeRawBufferPointer, extra: Range<Int>) {
        self.bytes = bytes
        rest = extra.upperBound..<extra.upperBound
        var offset = extra.lowerBound
        while offset <= extra.upperBound - 4, let id: UInt16 = bytes.littleEndian(at: offset),
            let length: UInt16 = bytes.littleEndian(at: offset + 2)
        {
            let body = offset + 4
            guard body + Int(length) <= extra.upperBound else { return }
            if id == 1 {
                rest = body..<body + Int(length)
                return
            }
            offset = body + Int(length)
        }
    }

    /// The value itself, or the next wide one where it says that it does not fit; nil where there is none.
    mutating func resolve(_ narrow: UInt32) -> Int? {
        guard narrow == .max else { return Int(narrow) }
        guard rest.count >= 8, let value: UInt64 = bytes.littleEndian(at: rest.lowerBound) else { return nil }
        rest = rest.lowerBound + 8..<rest.upperBound
        return Int(exactly: value)
    }
}
