internal import Foundation
internal import UnmaskGraph
internal import UnmaskWeights

/// A file of packed weights: a header, then the weights as they lie in memory, from a page's boundary on, so that they are
/// mapped, not read.
///
/// Header, little-endian: `UNMASKPW`, version (u32), bytes of the header (u32), checksum of what follows in it (u64), key and
/// content hash (64 hexadecimal digits each), offset, bytes and checksum of the weights (u64 each), how many names of weights
/// with NaN or infinities (u32), and each (u32 bytes, UTF-8).
struct PackedFile: Sendable {
    static let version: UInt32 = 1
    private static let magic = Array("UNMASKPW".utf8)
    private static let mostHeaderBytes = 1 << 20

    let file: MappedFile
    /// Of the model that the weights are of.
    let hash: String
    /// Where the weights lie.
    let range: Range<Int>
    private let checksum: UInt64
    let nonfinite: [String]

    /// Why a file cannot be used, without its path.
    struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    /// Checks all but the weights themselves, which `weightsProblem` does.
    init(path: String, key: String, byteCount: Int, owner: UInt32) throws(PackedFile.Problem) {
        let file: MappedFile
        do throws(MappingError) { file = try MappedFile(path: path) } catch {
            throw Problem(description: error.problem)
        }
        guard file.identity.owner == owner else {
            throw Problem(description: "it belongs to another user (uid \(file.identity.owner))")
        }
        var reader = HeaderReader(bytes: file.bytes)
        guard reader.bytes(8) == Self.magic else { throw Problem(description: "it is no file of packed weights") }
        guard let version = reader.number(UInt32.self), version == Self.version else {
            throw Problem(description: "it is not of version \(Self.version) of its format")
        }
        guard let length = reader.number(UInt32.self), Int(length) <= min(Self.mostHeaderBytes, file.byteCount),
            let stated = reader.number(UInt64.self), Int(length) >= reader.place,
            Checksum.of(UnsafeRawBufferPointer(rebasing: file.bytes[reader.place..<Int(length)])) == stated
        else { throw Problem(description: "its header is damaged") }
        guard let foundKey = reader.text(64), let hash = reader.text(64), let offset = reader.number(UInt64.self),
            let count = reader.number(UInt64.self), let checksum = reader.number(UInt64.self),
            let nonfinite = reader.names()
        else { throw Problem(description: "its header is damaged") }
        guard foundKey == key else {
            throw Problem(description: "it holds other weights: key \(foundKey), expected \(key)")
        }
        guard count == byteCount, offset % 4096 == 0, offset >= length, offset <= file.byteCount else {
            throw Problem(description: "it states \(count) bytes of weights from \(offset) on; \(byteCount) are needed")
        }
        guard file.byteCount == Int(offset) + byteCount else {
            throw Problem(
                description: "it has \(file.byteCount) bytes, expected \(Int(offset) + byteCount)")
        }
        self.file = file
        self.hash = hash
        range = Int(offset)..<file.byteCount
        self.checksum = checksum
        self.nonfinite = nonfinite
    }

    /// Reads all weights: what is wrong with them, or nil.
    func weightsProblem() -> String? {
        let found = Checksum.of(UnsafeRawBufferPointer(rebasing: file.bytes[range]))
        if let damage = file.damage { return damage.problem }
        guard found == checksum else {
            let (found, expected) = (String(found, radix: 16), String(checksum, radix: 16))
            return "its weights are damaged: checksum \(found), expected \(expected)"
        }
        return nil
    }

    /// Writes a file that is there whole or not at all. It is not made durable: after a power failure its checksum may
    /// find it damaged.
    static func write(
        _ weights: UnsafeRawBufferPointer, nonfinite: [String], key: String, hash: String, to path: String
    ) throws(WeightsError) {
        // Where a huge page can be mapped, it is: that begins at a multiple of its size, in the file as in memory.
        let boundary = weights.count < hugePage ? 4096 : hugePage
        let named = nonfinite.reduce(into: number(UInt32(nonfinite.count))) { bytes, name in
            bytes += number(UInt32(name.utf8.count)) + Array(name.utf8)
        }
        let fixed = magic.count + 16
        let length = fixed + key.utf8.count + hash.utf8.count + 24 + named.count
        let offset = (length + boundary - 1) / boundary * boundary
        let rest =
            Array(key.utf8) + Array(hash.utf8) + number(UInt64(offset)) + number(UInt64(weights.count))
            + number(Checksum.of(weights)) + named
        let header =
            magic + number(version) + number(UInt32(length)) + number(rest.withUnsafeBytes { Checksum.of($0) }) + rest
        let file = try AtomicFile(path: path)
        try (header + [UInt8](repeating: 0, count: offset - length)).withUnsafeBytes { bytes in
            Result { () throws(WeightsError) in try file.append(bytes) }
        }.get()
        try file.append(weights)
        try file.commit(isDurable: false)
    }

    private static let hugePage = 2 << 20

    private static func number<T: FixedWidthInteger>(_ number: T) -> [UInt8] {
        withUnsafeBytes(of: number.littleEndian) { Array($0) }
    }
}

/// Reads what is there, and nil where that is too short.
private struct HeaderReader {
    let bytes: UnsafeRawBufferPointer
    private(set) var place = 0

    mutating func bytes(_ count: Int) -> [UInt8]? {
        guard count <= bytes.count - place else { return nil }
        defer { place += count }
        return Array(bytes[place..<place + count])
    }

    mutating func number<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type) -> T? {
        let size = MemoryLayout<T>.size
        guard size <= bytes.count - place else { return nil }
        defer { place += size }
        return T(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: T.self))
    }

    mutating func text(_ count: Int) -> String? {
        bytes(count).flatMap { String(bytes: $0, encoding: .utf8) }
    }

    mutating func names() -> [String]? {
        guard let count = number(UInt32.self), Int(count) <= bytes.count else { return nil }
        var names: [String] = []
        for _ in 0..<count {
            guard let length = number(UInt32.self), let name = text(Int(length)) else { return nil }
            names.append(name)
        }
        return names
    }
}
