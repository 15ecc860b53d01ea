internal import Foundation

/// The files in a tar archive without compression (POSIX ustar and pax, GNU), as WebDataset's shards are.
public enum TarMembers {
    private static let block = 512

    /// The members for which `isWanted` is true of their name, in order.
    ///
    /// Throws where the archive cannot be read, ends early or has a header that is none.
    public static func items(of archive: String, where isWanted: (String) -> Bool) throws(IndexError) -> [SourceItem] {
        let descriptor = open(archive, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw IndexError(systemErrorAt: archive, "cannot be opened") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw IndexError(systemErrorAt: archive, "cannot be read") }
        let length = Int(status.st_size)
        var items: [SourceItem] = []
        var place = 0
        var longName: String?
        while place + block <= length {
            let header = try bytes(descriptor, place..<place + block, archive)
            if header.allSatisfy({ $0 == 0 }) { return items }
            guard let member = TarHeader(header), member.byteCount <= length - place - block else {
                throw IndexError(
                    .damaged, archive, "byte \(place): no member of a tar archive begins here, or it ends early")
            }
            let contents = place + block..<place + block + member.byteCount
            switch member.kind {
            case UInt8(ascii: "L"), UInt8(ascii: "x"):
                guard member.byteCount <= 1 << 20 else {
                    throw IndexError(.damaged, archive, "byte \(place): a name of \(member.byteCount) bytes")
                }
                let text = try bytes(descriptor, contents, archive)
                longName =
                    (member.kind == UInt8(ascii: "L") ? TarHeader.text(text[...]) : TarHeader.paxPath(text)) ?? longName
            case 0, UInt8(ascii: "0"):
                let name = longName ?? member.name
                longName = nil
                if isWanted(name) {
                    items.append(
                        SourceItem(
                            path: archive + "/" + name, file: archive, range: contents, byteCount: member.byteCount,
                            modified: status.nanoseconds))
                }
            default: longName = nil
            }
            place = contents.upperBound + (block - member.byteCount % block) % block
        }
        guard place == length else { throw IndexError(.damaged, archive, "the archive ends within a member") }
        return items
    }

    /// Part of a file.
    public static func contents(of item: SourceItem) throws(IndexError) -> [UInt8] {
        let descriptor = open(item.file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw IndexError(systemErrorAt: item.file, "cannot be opened") }
        defer { close(descriptor) }
        return try bytes(descriptor, item.range ?? 0..<item.byteCount, item.file)
    }

    private static func bytes(_ descriptor: Int32, _ range: Range<Int>, _ path: String) throws(IndexError) -> [UInt8] {
        let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, filled in
            while filled < range.count {
                let rest = UnsafeMutableRawBufferPointer(
                    rebasing: UnsafeMutableRawBufferPointer(buffer)[filled..<range.count])
                let count = pread(descriptor, rest.baseAddress, rest.count, off_t(range.lowerBound + filled))
                if count < 0, errno == EINTR { continue }
                if count <= 0 { break }
                filled += count
            }
        }
        guard bytes.count == range.count else {
            throw IndexError(.system, path, "ends before byte \(range.upperBound)")
        }
        return bytes
    }
}

/// A member's header.
struct TarHeader {
    let name: String
    let byteCount: Int
    let kind: UInt8

    /// Nil where it is none, by its checksum.
    init?(_ block: [UInt8]) {
        guard block.count == 512, let stated = Self.number(block[148..<156]),
            let byteCount = Self.number(block[124..<136])
        else { return nil }
        let sum = block.enumerated().reduce(0) { $0 + Int(148..<156 ~= $1.offset ? 32 : $1.element) }
        guard sum == stated else { return nil }
        let isPOSIX = block[257..<262].elementsEqual("ustar".utf8) && block[262] == 0
        let prefix = isPOSIX ? Self.text(block[345..<500]) : ""
        name = prefix.isEmpty ? Self.text(block[..<100]) : prefix + "/" + Self.text(block[..<100])
        self.byteCount = byteCount
        kind = block[156]
    }

    /// Up to the first NUL.
    static func text(_ bytes: ArraySlice<UInt8>) -> String {
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }

    /// Octal digits, or GNU's binary number with the first bit set; nil for what is neither, or negative.
    private static func number(_ field: ArraySlice<UInt8>) -> Int? {
        if field.first == 0x80 {
            guard field.dropFirst().dropLast(7).allSatisfy({ $0 == 0 }) else { return nil }
            return field.suffix(7).reduce(0) { $0 << 8 | Int($1) }
        }
        let digits = text(field).trimmingCharacters(in: .whitespaces)
        return digits.isEmpty ? 0 : Int(digits, radix: 8).flatMap { $0 >= 0 ? $0 : nil }
    }

    /// The path of a pax header's records, `LENGTH path=NAME` and a line's end; nil where it has none.
    static func paxPath(_ text: [UInt8]) -> String? {
        var rest = text[...]
        while let space = rest.firstIndex(of: 32), let length = Int(String(decoding: rest[..<space], as: UTF8.self)),
            length > space - rest.startIndex + 1, length <= rest.count
        {
            let record = String(decoding: rest[(space + 1)..<(rest.startIndex + length - 1)], as: UTF8.self)
            if record.hasPrefix("path=") { return String(record.dropFirst(5)) }
            rest = rest.dropFirst(length)
        }
        return nil
    }
}
