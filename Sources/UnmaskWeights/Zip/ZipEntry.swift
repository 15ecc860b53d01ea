/// An entry of a zip archive's central directory.
struct ZipEntry {
    static let directorySignature: UInt32 = 0x0201_4B50
    private static let headerSignature: UInt32 = 0x0403_4B50
    /// Set where sizes follow the data, and the local header may leave them zero.
    private static let sizesFollow: UInt16 = 1 << 3

    let name: String
    let flags: UInt16
    let method: UInt16
    let compressedByteCount: Int
    let byteCount: Int
    let headerOffset: Int

    /// Where the entry's bytes lie, after its local header, which must agree with the directory.
    func contents(
        in bytes: UnsafeRawBufferPointer, before limit: Int, file: String
    ) throws(WeightsError) -> Range<Int> {
        guard headerOffset <= limit - 30, bytes.littleEndian(at: headerOffset) == ZipEntry.headerSignature,
            let flags: UInt16 = bytes.littleEndian(at: headerOffset + 6),
            let method: UInt16 = bytes.littleEndian(at: headerOffset + 8),
            let compressed: UInt32 = bytes.littleEndian(at: headerOffset + 18),
            let size: UInt32 = bytes.littleEndian(at: headerOffset + 22),
            let nameLength: UInt16 = bytes.littleEndian(at: headerOffset + 26),
            let extraLength: UInt16 = bytes.littleEndian(at: headerOffset + 28),
            method == self.method, Int(nameLength) == name.utf8.count, bytes.hasBytes(name.utf8, at: headerOffset + 30)
        else {
            throw WeightsError(
                .zipEntryHeader, file: file,
                "entry \(quoted(name)): its header at byte \(headerOffset) is missing or differs from the directory")
        }
        for local in [compressed, size] {
            let left = local == .max || (local == 0 && flags & ZipEntry.sizesFollow != 0)
            guard left || Int(local) == byteCount else {
                throw WeightsError(
                    .zipEntrySize, file: file,
                    "entry \(quoted(name)): the directory says \(byteCount) bytes, the local header \(local)")
            }
        }
        let start = headerOffset + 30 + Int(nameLength) + Int(extraLength)
        guard start <= limit, byteCount <= limit - start else {
            throw WeightsError(
                .zipEntrySize, file: file,
                "entry \(quoted(name)): its \(byteCount) bytes from \(start) run into the directory at \(limit)")
        }
        return start..<start + byteCount
    }
}
