/// An index that was opened for reading: vectors of length 1 (or 0), and the images that they are of.
///
/// Every file is checked against its checksum before anything of it is used. Full shards are mapped; what another process
/// adds meanwhile is not seen.
public final class VectorStore: Sendable {
    public let path: String
    public let manifest: Manifest
    let shards: [Shard]
    let records: RecordTable

    /// Some rows of an index.
    struct Shard: Sendable {
        let firstRow: Int
        let rows: Int
        let vectors: FileExtent
        /// Nil while it is not full.
        let rounded: FileExtent?
        /// Of full shards of an index that keeps bits.
        let bits: FileExtent?
    }

    /// - Parameter previous: the same index as it was opened before: its full shards, which never change, are not read again.
    public init(path: String, after previous: VectorStore? = nil) throws(IndexError) {
        self.path = path
        let manifest = try Manifest.read(of: path)
        let known = zip(previous?.manifest.shards ?? [], manifest.shards).prefix { $0 == $1 && $1.rounded != nil }.count
        self.manifest = manifest
        var shards = Array((previous?.shards ?? []).prefix(known))
        var firstRow = shards.reduce(0) { $0 + $1.rows }
        var table =
            previous?.records.beginning(parts: known, rows: firstRow, deleted: manifest.deleted)
            ?? RecordTable(deleted: manifest.deleted)
        for (number, shard) in manifest.shards.enumerated().dropFirst(known) {
            shards.append(try Shard(number, shard, of: path, firstRow: firstRow))
            let isLast = number == manifest.shards.count - 1
            try table.append(
                FileExtent(shard.lines, path: path + "/" + IndexFiles.lines(number), isGrowing: isLast), shard)
            firstRow += shard.rows
            guard table.rowCount == firstRow else {
                throw IndexError(
                    .damaged, path, "shard \(number) has \(shard.rows) vectors, and records of another number")
            }
        }
        self.shards = shards
        records = table
    }

    public var dimension: Int { manifest.dimension }
    /// Of vectors, deleted ones included.
    public var rowCount: Int { records.rowCount }
    public var recordCount: Int { records.count }
    public var deletedCount: Int { records.deleted.count }

    /// The images of a row that were not deleted, the one that has brought it first.
    ///
    /// - Parameter filter: leaves out those that do not count in it.
    public func images(ofRow row: Int, in filter: RowFilter? = nil) throws(IndexError) -> [IndexedImage] {
        var images: [IndexedImage] = []
        for record in records.records(ofRow: row) where filter?.includes(record: record) ?? true {
            images.append(try records[record].image)
        }
        return images
    }

    /// One row.
    public func vector(ofRow row: Int) throws(IndexError) -> [Float] {
        let shard = shards[row / manifest.shardRows]
        let place = (row - shard.firstRow) * dimension
        let vector = shard.vectors.withBytes {
            Array($0.assumingMemoryBound(to: Float.self)[place..<place + dimension])
        }
        try shard.vectors.checkUnchanged()
        return vector
    }

    /// Calls `body` with every record that counts, in order.
    public func forEachRecord(_ body: (Record) throws -> Void) throws {
        for number in 0..<records.count where !records.deleted.contains(number) { try body(try records[number]) }
    }

    /// The images that could not be embedded.
    public func failures() throws(IndexError) -> [FailedImage] {
        let file = try FileExtent(manifest.errors, path: path + "/" + IndexFiles.errors, isGrowing: true)
        return try file.withBytes { bytes throws(IndexError) in
            var failures: [FailedImage] = []
            for line in bytes.split(separator: UInt8(ascii: "\n")) {
                guard let failure = FailedImage(line: UnsafeRawBufferPointer(rebasing: line)) else {
                    throw IndexError(.damaged, file.path, "line \(failures.count + 1) is not as the format says")
                }
                failures.append(failure)
            }
            return failures
        }
    }

    /// Throws where the vectors' stamp is another than the one given, naming what differs.
    public func check(stamp: [String: String], ignoring ignored: Set<String> = []) throws(IndexError) {
        try manifest.check(stamp: stamp, ignoring: ignored, path: path)
    }
}

extension VectorStore.Shard {
    init(_ number: Int, _ shard: Manifest.Shard, of path: String, firstRow: Int) throws(IndexError) {
        self.firstRow = firstRow
        rows = shard.rows
        vectors = try FileExtent(
            shard.vectors, path: path + "/" + IndexFiles.vectors(number), isGrowing: shard.rounded == nil)
        rounded = try shard.rounded.map { extent throws(IndexError) in
            try FileExtent(extent, path: path + "/" + IndexFiles.rounded(number), isGrowing: false)
        }
        bits = try shard.bits.map { extent throws(IndexError) in
            try FileExtent(extent, path: path + "/" + IndexFiles.bits(number), isGrowing: false)
        }
    }
}

extension Manifest {
    /// Throws where the stamp is another than the one given, naming what differs.
    func check(stamp other: [String: String], ignoring ignored: Set<String> = [], path: String) throws(IndexError) {
        let names = Set(stamp.keys).union(other.keys).subtracting(ignored).sorted()
        let differences = names.filter { stamp[$0] != other[$0] }.map {
            "\($0) is \(stamp[$0] ?? "not stated") in the index and \(other[$0] ?? "not stated") here"
        }
        guard differences.isEmpty else {
            throw IndexError(
                .stampMismatch, path,
                "its vectors were made otherwise and cannot be compared: "
                    + differences.joined(separator: "; ")
                    + ". Use the model and options that made it, or make another index")
        }
    }
}
