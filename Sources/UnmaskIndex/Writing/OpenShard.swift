/// The last shard of an index that is written to.
struct OpenShard {
    private let number: Int
    private let dimension: Int
    private let vectors: AppendedFile
    private let lines: AppendedFile
    private var numbers: [Float]
    private var records: Int

    var rows: Int { numbers.count / dimension }

    /// An empty one.
    init(_ folder: IndexFolder, number: Int, dimension: Int) throws(IndexError) {
        (self.number, self.dimension, numbers, records) = (number, dimension, [], 0)
        vectors = try AppendedFile(path: folder.file(IndexFiles.vectors(number)), length: 0)
        lines = try AppendedFile(path: folder.file(IndexFiles.lines(number)), length: 0)
    }

    /// The one that an earlier writer had begun, as far as it is sound; what does not count is removed.
    init(_ folder: IndexFolder, _ prefix: SoundPrefix) throws(IndexError) {
        let last = prefix.manifest.shards.last.flatMap { $0.rounded == nil ? $0 : nil }
        number = prefix.manifest.shards.count - (last == nil ? 0 : 1)
        dimension = prefix.manifest.dimension
        (numbers, records) = (prefix.openVectors, last?.records ?? 0)
        let (vectorsName, linesName) = (IndexFiles.vectors(number), IndexFiles.lines(number))
        try folder.removeRest(from: number, keeping: last == nil ? [] : [vectorsName, linesName])
        vectors = try AppendedFile(path: folder.file(vectorsName), length: last?.vectors.bytes ?? 0)
        lines = try AppendedFile(path: folder.file(linesName), length: last?.lines.bytes ?? 0)
    }

    mutating func append(_ vector: [Float]) throws(IndexError) {
        let result: Result<Void, IndexError> = vector.withUnsafeBytes { bytes in
            do throws(IndexError) { return .success(try vectors.append(bytes)) } catch { return .failure(error) }
        }
        try result.get()
        numbers += vector
    }

    mutating func append(_ line: String) throws(IndexError) {
        try lines.append(line)
        records += 1
    }

    /// - Returns: what a manifest says of it; nil while it is empty.
    func synchronise() throws(IndexError) -> Manifest.Shard? {
        let (vectors, lines) = (try vectors.synchronise(), try lines.synchronise())
        guard records > 0 else { return nil }
        return Manifest.Shard(rows: rows, records: records, vectors: vectors, lines: lines, rounded: nil, bits: nil)
    }

    /// Rounds the rows of a full shard, and keeps their signs where those are wanted.
    func seal(_ folder: IndexFolder, keepsBits: Bool) throws(IndexError) -> Manifest.Shard {
        let rounded = RoundedRows.bytes(of: numbers, dimension: dimension)
        try writeWhole(rounded, to: folder.file(IndexFiles.rounded(number)))
        return Manifest.Shard(
            rows: rows, records: records, vectors: try vectors.synchronise(), lines: try lines.synchronise(),
            rounded: rounded.withUnsafeBytes { Manifest.Extent($0) },
            bits: keepsBits ? try BitRows.write(numbers, dimension: dimension, shard: number, folder) : nil)
    }
}
