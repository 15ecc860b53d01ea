internal import Foundation
internal import UnmaskGraph

/// `index.json` is `{"checksum":"<16 digits>","manifest":{…}}` and a line's end; the checksum is of the manifest's bytes.
extension Manifest {
    static let fileName = "index.json"
    private static let opening = "{\"checksum\":\""
    private static let middle = "\",\"manifest\":"
    private static let closing = "}\n"
    private static let mostBytes = 1 << 28

    func bytes() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let body = [UInt8](try encoder.encode(self))
        let checksum = body.withUnsafeBytes { Checksum.of($0).sixteenDigits }
        return Array("\(Self.opening)\(checksum)\(Self.middle)".utf8) + body + Array(Self.closing.utf8)
    }

    /// Reads the manifest of the index at `path`.
    public static func read(of path: String) throws(IndexError) -> Manifest {
        let place = path + "/" + fileName
        guard FileManager.default.fileExists(atPath: place) else {
            throw IndexError(.notFound, path, "there is no index here: make one with unmask index build … -o \(path)")
        }
        guard let size = (try? FileManager.default.attributesOfItem(atPath: place))?[.size] as? Int,
            size <= mostBytes, let bytes = FileManager.default.contents(atPath: place)
        else { throw IndexError(.damaged, place, "cannot be read as the manifest of an index") }
        return try Manifest(bytes: [UInt8](bytes), place: place)
    }

    init(bytes: [UInt8], place: String) throws(IndexError) {
        let head = Self.opening.utf8.count + 16 + Self.middle.utf8.count
        let tail = Self.closing.utf8.count
        let isFramed =
            bytes.count > head + tail && bytes.starts(with: Self.opening.utf8)
            && bytes[..<head].suffix(Self.middle.utf8.count).elementsEqual(Self.middle.utf8)
            && bytes.suffix(tail).elementsEqual(Self.closing.utf8)
        guard isFramed else { throw IndexError(.damaged, place, "is not the manifest of an index") }
        let body = Array(bytes[head..<bytes.count - tail])
        let stated = bytes[Self.opening.utf8.count...].prefix(16)
        guard stated.elementsEqual(body.withUnsafeBytes { Checksum.of($0).sixteenDigits }.utf8) else {
            throw IndexError(
                .damaged, place, "its checksum does not fit its contents: it was damaged, or written by something else")
        }
        let decoder = JSONDecoder()
        if let heading = try? decoder.decode(Heading.self, from: Data(body)) { try heading.check(place) }
        do { self = try decoder.decode(Manifest.self, from: Data(body)) } catch {
            throw IndexError(.damaged, place, "is not a manifest of version \(Self.version): \(error)")
        }
        if let problem { throw IndexError(.damaged, place, problem) }
    }

    /// What tells versions apart, read before anything else.
    private struct Heading: Decodable {
        let format: String
        let version: Int
        let byte_order: String

        func check(_ place: String) throws(IndexError) {
            guard format == Manifest.format else {
                throw IndexError(.unsupported, place, "format “\(format)”: expected “\(Manifest.format)”")
            }
            guard version == Manifest.version else {
                throw IndexError(
                    .unsupported, place,
                    "format version \(version): this program reads version \(Manifest.version); use the one that wrote it"
                )
            }
            guard byte_order == "little" else {
                throw IndexError(.unsupported, place, "byte order “\(byte_order)”: only “little” is read")
            }
        }
    }

    /// What cannot be of an index, in words; nil where everything can.
    private var problem: String? {
        guard Self.dimensions.contains(dimension) else {
            return
                "vectors of \(dimension) numbers: expected \(Self.dimensions.lowerBound) to \(Self.dimensions.upperBound)"
        }
        guard (1...1 << 20).contains(shardRows), shardRows.isMultiple(of: 4), shards.count <= 1 << 20 else {
            return "\(shards.count) shards of \(shardRows) rows: expected at most 1048576, of a multiple of 4 rows"
        }
        for (number, shard) in shards.enumerated() {
            let isFull = shard.rows == shardRows
            guard (0...shardRows).contains(shard.rows), isFull || number == shards.count - 1,
                shard.records >= shard.rows, shard.records <= shard.lines.bytes, shard.lines.bytes <= 1 << 40
            else { return "shard \(number) has \(shard.rows) rows and \(shard.records) records" }
            guard shard.vectors.bytes == shard.rows * dimension * 4,
                shard.rounded?.bytes == (isFull ? RoundedRows.byteCount(rows: shardRows, dimension: dimension) : nil)
            else { return "shard \(number)'s files have other sizes than its rows" }
            let bits = bits != nil && isFull ? BitRows.byteCount(rows: shardRows, dimension: dimension) : nil
            guard shard.bits?.bytes == bits else { return "shard \(number)'s bits have another size than its rows" }
        }
        if let problem = bits?.problem ?? problemOfDerived { return problem }
        guard errors.bytes >= 0 else { return "its list of errors has a negative size" }
        let isAscending = zip(deleted, deleted.dropFirst()).allSatisfy { $0 < $1 }
        guard isAscending, deleted.first.map({ $0 >= 0 }) ?? true, deleted.last.map({ $0 < records }) ?? true else {
            return "it deletes records that it does not have"
        }
        if let part, part.of < 1 || !(1...part.of).contains(part.number) {
            return "it is part \(part.number) of \(part.of)"
        }
        return nil
    }

    /// The lengths of vectors that an index holds.
    public static let dimensions = 1...65536
}

extension Manifest.Extent {
    init(_ bytes: UnsafeRawBufferPointer) {
        self.init(bytes: bytes.count, checksum: Checksum.of(bytes).sixteenDigits)
    }
}
