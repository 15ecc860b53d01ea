/// What of an index that was left by an earlier process can be built upon: its shards up to the first damaged one.
struct SoundPrefix {
    /// What is kept, as the manifest would say it.
    private(set) var manifest: Manifest
    /// Of the kept shards, deleted ones included.
    private(set) var records: [Record] = []
    /// Of the last shard, where it is not full.
    private(set) var openVectors: [Float] = []
    /// Paths that are known to be no images.
    private(set) var failedPaths: Set<String> = []
    /// What was damaged; nil where everything is sound.
    private(set) var damage: String?

    init(of folder: String, _ manifest: Manifest) throws(IndexError) {
        self.manifest = manifest
        self.manifest.shards = []
        for (number, shard) in manifest.shards.enumerated() {
            do throws(IndexError) {
                try read(number, shard, folder)
                self.manifest.shards.append(withSoundBits(number, shard, folder))
            } catch {
                damage = error.description
                break
            }
        }
        self.manifest.deleted.removeAll { $0 >= records.count }
        // Of rows that are made again, others may come.
        if let derived = manifest.derived {
            let sound = derived.filter { $0.rows <= self.manifest.rows }
            self.manifest.derived = sound.isEmpty ? nil : sound
        }
        readErrors(folder)
    }

    /// Without its bits where those are damaged: they are made again from the vectors.
    private func withSoundBits(_ number: Int, _ shard: Manifest.Shard, _ folder: String) -> Manifest.Shard {
        var shard = shard
        let path = folder + "/" + IndexFiles.bits(number)
        if let bits = shard.bits, (try? FileExtent(bits, path: path, isGrowing: false)) == nil { shard.bits = nil }
        return shard
    }

    private mutating func read(_ number: Int, _ shard: Manifest.Shard, _ folder: String) throws(IndexError) {
        let firstRow = manifest.rows
        var plain = shard
        plain.bits = nil
        let content = try VectorStore.Shard(number, plain, of: folder, firstRow: firstRow)
        let lines = try FileExtent(
            shard.lines, path: folder + "/" + IndexFiles.lines(number), isGrowing: content.rounded == nil)
        var table = RecordTable(firstRow: firstRow)
        var found: [Record] = []
        try table.append(lines, shard)
        for record in 0..<table.count { found.append(try table[record]) }
        guard table.rowCount == firstRow + shard.rows else {
            throw IndexError(.damaged, lines.path, "its records are of another number of rows than the shard has")
        }
        records += found
        guard content.rounded == nil else { return }
        openVectors = content.vectors.withBytes { Array($0.assumingMemoryBound(to: Float.self)) }
    }

    /// Where the list of failures is damaged, the images are tried again.
    private mutating func readErrors(_ folder: String) {
        let path = folder + "/" + IndexFiles.errors
        guard let file = try? FileExtent(manifest.errors, path: path, isGrowing: true) else {
            manifest.errors = .empty
            damage = damage ?? "\(path) is damaged"
            return
        }
        file.withBytes { bytes in
            for line in bytes.split(separator: UInt8(ascii: "\n")) {
                if let failure = FailedImage(line: UnsafeRawBufferPointer(rebasing: line)) {
                    failedPaths.insert(failure.path)
                }
            }
        }
    }
}
