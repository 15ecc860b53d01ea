/// Adds to an index, at its end alone.
///
/// The bytes of an index are a function of what was added, in order: a writer that was killed at any moment, and goes on
/// from what `resumed` says is there, leaves the same bytes as one that was not.
public final class StoreWriter {
    /// What an earlier writer had left.
    public let resumed: Resumption
    private(set) var manifest: Manifest
    private let folder: IndexFolder
    private var open: OpenShard
    private var errors: AppendedFile
    private var deleted: Set<Int>
    private var rows: [ContentHash: Int] = [:]
    private var images: [String: (record: Int, image: IndexedImage)] = [:]
    private var failed: Set<String>
    /// Of the images that were not deleted.
    private var members = MemberCounts()
    /// Of deleted images, by path: one that comes again has them still.
    private var kept: [String: Metadata] = [:]
    private var pace = CheckpointPace()
    public private(set) var rowCount: Int
    public private(set) var recordCount: Int

    /// What a writer found, and can build upon.
    public struct Resumption: Sendable, Equatable {
        public let records: Int
        public let rows: Int
        public let errors: Int
        /// Whether the index had been finished.
        public let wasComplete: Bool
        /// What was damaged and is to be made again; nil where nothing was.
        public let damage: String?
    }

    /// Opens the index at `path`, or begins one there. One that keeps bits goes on to; where `wanted` asks for them, full shards
    /// that have none get them.
    ///
    /// Throws `stampMismatch` where an index is there whose vectors were made otherwise, `invalidRequest` where something else
    /// is, and `busy` where another process is writing to it.
    public init(path: String, _ wanted: Manifest) throws(IndexError) {
        folder = try IndexFolder(path: path)
        let names = try folder.names.filter { !$0.hasSuffix(".part") }
        if names.isEmpty {
            try folder.write(wanted)
        } else if !names.contains(Manifest.fileName) {
            throw IndexError(.invalidRequest, path, "is a folder of other things: name a new one for the index")
        }
        let found = try Manifest.read(of: path)
        try found.check(stamp: wanted.stamp, path: path)
        try found.check(part: wanted.part, path)
        let prefix = try SoundPrefix(of: path, found)
        resumed = Resumption(
            records: prefix.records.count, rows: prefix.manifest.rows, errors: prefix.failedPaths.count,
            wasComplete: found.isComplete, damage: prefix.damage)
        manifest = prefix.manifest
        (rowCount, recordCount, failed) = (prefix.manifest.rows, prefix.records.count, prefix.failedPaths)
        deleted = Set(prefix.manifest.deleted)
        open = try OpenShard(folder, prefix)
        errors = try AppendedFile(path: folder.file(IndexFiles.errors), length: manifest.errors.bytes)
        manifest.shards.removeLast(manifest.shards.last?.rounded == nil ? min(1, manifest.shards.count) : 0)
        if let bits = wanted.bits, bits.wanted != manifest.bits?.wanted { manifest.bits = bits }
        for (number, record) in prefix.records.enumerated() {
            rows[record.image.content] = record.row
            guard !deleted.contains(number) else {
                keep(record.image)
                continue
            }
            images[record.image.path] = (number, record.image)
            members.count(record.image.metadata, by: 1)
        }
        try makeMissingBits()
    }

    /// Of full shards that were made before bits were wanted, or whose bits are damaged.
    private func makeMissingBits() throws(IndexError) {
        guard manifest.bits != nil else { return }
        for (number, shard) in manifest.shards.enumerated() where shard.bits == nil {
            let place = folder.file(IndexFiles.vectors(number))
            let vectors = try FileExtent(shard.vectors, path: place, isGrowing: false)
            let numbers = vectors.withBytes { Array($0.assumingMemoryBound(to: Float.self)) }
            try vectors.checkUnchanged()
            manifest.shards[number].bits = try BitRows.write(
                numbers, dimension: manifest.dimension, shard: number, folder)
        }
    }

    public var path: String { folder.path }

    /// The row of an image with these pixels.
    public func row(of content: ContentHash) -> Int? { rows[content] }

    /// The image of this path, where it was added and not deleted.
    public func image(of path: String) -> IndexedImage? { images[path]?.image }

    /// Whether this path is known to be no image.
    public func hasFailed(_ path: String) -> Bool { failed.contains(path) }

    /// The metadata that the last image of this path had, which was deleted.
    public func keptMetadata(of path: String) -> Metadata { kept[path] ?? .none }

    /// The paths of images that were not deleted.
    public var paths: some Sequence<String> { images.keys }

    /// Adds an image and its vector, which has the index's dimension and length 1, or is zero.
    ///
    /// Where the index has the pixels already, their vector stands for this image too. Throws where a member of its metadata has
    /// values of another kind in the index.
    public func add(_ image: IndexedImage, vector: [Float]) throws(IndexError) {
        try members.check(image.metadata, of: image.path, path)
        if let row = rows[image.content] { return try note(image, row: row, isDuplicate: true) }
        let squares = vector.reduce(0.0) { $0 + Double($1) * Double($1) }
        guard vector.count == manifest.dimension, squares == 0 || abs(squares - 1) < 1e-4 else {
            throw IndexError(
                .invalidRequest, path,
                "the vector of \(image.path) has \(vector.count) numbers and the length "
                    + "\(squares.squareRoot()): expected \(manifest.dimension) and 1")
        }
        try open.append(vector)
        try note(image, row: rowCount, isDuplicate: false)
        rows[image.content] = rowCount
        rowCount += 1
        if open.rows == manifest.shardRows { try seal() }
    }

    /// Adds an image whose pixels `row` has.
    public func addDuplicate(_ image: IndexedImage, ofRow row: Int) throws(IndexError) {
        precondition(row < rowCount)
        try members.check(image.metadata, of: image.path, path)
        try note(image, row: row, isDuplicate: true)
    }

    private func note(_ image: IndexedImage, row: Int, isDuplicate: Bool) throws(IndexError) {
        try open.append(Record(row: row, isDuplicate: isDuplicate, image: image).line)
        images[image.path] = (recordCount, image)
        members.count(image.metadata, by: 1)
        recordCount += 1
    }

    /// Throws where images cannot be added with these metadata: where a member would have values of two kinds.
    public func check(_ images: some Sequence<(path: String, metadata: Metadata)>) throws(IndexError) {
        var members = members
        try members.add(images, path: path)
    }

    /// Notes an image that has no vector, and why.
    public func add(_ failure: FailedImage) throws(IndexError) {
        try errors.append(failure.line)
        failed.insert(failure.path)
    }

    /// Deletes the image of this path. Its vector stays until the index is merged into a new one.
    ///
    /// - Returns: whether there was one.
    @discardableResult
    public func delete(path: String) -> Bool {
        guard let (record, image) = images.removeValue(forKey: path) else { return false }
        deleted.insert(record)
        members.count(image.metadata, by: -1)
        keep(image)
        return true
    }

    private func keep(_ image: IndexedImage) {
        kept[image.path] = image.metadata.isEmpty ? nil : image.metadata
    }

    /// Images that had no vector may be tried again.
    public func forgetErrors() throws(IndexError) {
        errors = try AppendedFile(path: folder.file(IndexFiles.errors), length: 0)
        failed = []
    }

    /// Those of some paths may be.
    ///
    /// - Returns: whether one of them had failed.
    public func forgetErrors(of paths: Set<String>) throws(IndexError) -> Bool {
        guard !failed.isDisjoint(with: paths) else { return false }
        let left = try errors.contents().split(separator: UInt8(ascii: "\n")).compactMap { line in
            line.withUnsafeBytes { FailedImage(line: $0) }
        }
        try forgetErrors()
        for failure in left where !paths.contains(failure.path) { try add(failure) }
        return true
    }

    private func seal() throws(IndexError) {
        manifest.shards.append(try open.seal(folder, keepsBits: manifest.bits != nil))
        open = try OpenShard(folder, number: manifest.shards.count, dimension: manifest.dimension)
    }

    /// Makes what was added durable, where enough has been since the last time that it costs little.
    public func checkpointIfDue() throws(IndexError) {
        if pace.isDue { try checkpoint() }
    }

    /// Makes what was added durable: a later writer goes on from here, whatever happens.
    public func checkpoint(isComplete: Bool = false) throws(IndexError) {
        try pace.measure { () throws(IndexError) in
            var whole = manifest
            if let shard = try open.synchronise() { whole.shards.append(shard) }
            whole.errors = try errors.synchronise()
            whole.deleted = deleted.sorted()
            whole.isComplete = isComplete
            folder.synchronise()
            try folder.write(whole)
        }
    }

    /// The last checkpoint: nothing is left to add.
    public func finish() throws(IndexError) { try checkpoint(isComplete: true) }

    /// Whether signs are kept, and what they came to when that was measured.
    public var bits: Manifest.BitsPlan? { manifest.bits }

    /// Notes what a search by bits came to (`SearchTrial`), with the next checkpoint.
    public func note(bits reached: Recall) { manifest.bits?.reached = reached }

    /// The share of the time since the writer was opened that checkpoints took.
    public var checkpointShare: Double { pace.share }
}

extension IndexFolder {
    func write(_ manifest: Manifest) throws(IndexError) {
        let bytes: [UInt8]
        do { bytes = try manifest.bytes() } catch {
            throw IndexError(.invalidRequest, path, "its manifest cannot be written: \(error)")
        }
        try writeWhole(bytes, to: file(Manifest.fileName))
        synchronise()
    }
}

extension Manifest {
    fileprivate func check(part other: SourcePart?, _ path: String) throws(IndexError) {
        guard part != other else { return }
        func name(_ part: SourcePart?) -> String {
            part.map { "part \($0.number) of \($0.of) of the source \($0.source)" } ?? "a whole source"
        }
        throw IndexError(
            .invalidRequest, path,
            "the index is of \(name(part)), and would go on with \(name(other)): name another folder")
    }
}
