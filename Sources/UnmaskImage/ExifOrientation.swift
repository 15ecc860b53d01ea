/// The orientation tag of an EXIF block: a TIFF header and its first directory, and nothing else of it.
///
/// Reads as Pillow does: directory entries in order, the first usable one of a tag counts, an entry whose value lies
/// outside the block ends the reading. Layout: TIFF 6.0, section 2. BigTIFF is not read.
enum ExifOrientation: Equatable {
    case absent
    /// The tag is there with something else than integers.
    case unusable
    case value(Int)

    private static let tag = 0x0112

    init(_ exif: [UInt8]) {
        let prefix = Array("Exif\0\0".utf8)
        var block = exif[...]
        for _ in 0..<2 where block.starts(with: prefix) { block = block.dropFirst(prefix.count) }
        self = TIFFBlock(Array(block))?.find(ExifOrientation.tag) ?? .absent
    }
}

private struct TIFFBlock {
    let bytes: [UInt8]
    let isBigEndian: Bool

    init?(_ bytes: [UInt8]) {
        guard bytes.count >= 8, bytes[0] == bytes[1] else { return nil }
        switch bytes[0] {
        case UInt8(ascii: "I"): isBigEndian = false
        case UInt8(ascii: "M"): isBigEndian = true
        default: return nil
        }
        // Some cameras write the 42 in the other order than the rest.
        guard bytes[2...3] == [0, 42] || bytes[2...3] == [42, 0] else { return nil }
        self.bytes = bytes
    }

    func find(_ wanted: Int) -> ExifOrientation {
        guard let start = integer(at: 4, size: 4), let entries = integer(at: start, size: 2) else { return .absent }
        var outsideBytes = 0
        for entry in 0..<entries {
            let offset = start + 2 + 12 * entry
            guard let tag = integer(at: offset, size: 2), let type = integer(at: offset + 2, size: 2),
                let count = integer(at: offset + 4, size: 4), let value = integer(at: offset + 8, size: 4)
            else { return .absent }
            guard let unit = TIFFBlock.byteCounts[type], count > 0 else { continue }
            if count * unit > 4 {
                outsideBytes += count * unit
                guard outsideBytes <= bytes.count else { continue }
                guard value + count * unit <= bytes.count else { return .absent }
            }
            guard tag == wanted else { continue }
            guard TIFFBlock.integerTypes.contains(type) else { return .unusable }
            // Of several values the first counts.
            return integer(at: count * unit > 4 ? value : offset + 8, size: unit).map { .value($0) } ?? .absent
        }
        return .absent
    }

    private func integer(at offset: Int, size: Int) -> Int? {
        guard offset + size <= bytes.count else { return nil }
        let field = bytes[offset..<offset + size]
        return (isBigEndian ? Array(field) : field.reversed()).reduce(0) { $0 << 8 | Int($1) }
    }

    /// Bytes of one value, by TIFF type number.
    private static let byteCounts = [
        1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8,
    ]
    /// SHORT, LONG, SSHORT, SLONG, IFD; orientations are too small for the sign to matter.
    private static let integerTypes: Set = [3, 4, 8, 9, 13]
}
