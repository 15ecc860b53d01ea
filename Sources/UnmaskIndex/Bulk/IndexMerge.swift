public import UnmaskRuntime

/// Joins indexes end to end: what the result holds is what one run over all of their sources would have written. Deleted
/// images, and vectors that only they had, are left out: an index that is merged alone is compacted.
public enum IndexMerge {
    /// Throws where the indexes' stamps differ, one of them is unfinished, or parts of a source are missing.
    ///
    /// - Parameter engine: measures what a search by bits comes to, where one of the indexes keeps bits: the new one does then.
    /// - Returns: what it wrote.
    public static func run(
        _ paths: [String], into output: String, engine: @autoclosure () throws -> Engine
    ) throws -> Manifest {
        let stores = try ordered(paths.map { path throws(IndexError) in try VectorStore(path: path) })
        guard let first = stores.first else {
            throw IndexError(.invalidRequest, output, "nothing to merge: name at least one index")
        }
        for store in stores { try first.check(stamp: store.manifest.stamp) }
        if let unfinished = stores.first(where: { !$0.manifest.isComplete }) {
            throw IndexError(
                .invalidRequest, unfinished.path, "is not finished: run its unmask index build again first")
        }
        var manifest = Manifest(
            stamp: first.manifest.stamp, dimension: first.dimension, shardRows: first.manifest.shardRows)
        manifest.bits = stores.lazy.compactMap(\.manifest.bits).map { Manifest.BitsPlan(wanted: $0.wanted) }.first
        let writer = try StoreWriter(path: output, manifest)
        for store in stores {
            try store.forEachRecord { record in
                guard writer.image(of: record.image.path) == nil else { return }
                if let row = writer.row(of: record.image.content) {
                    try writer.addDuplicate(record.image, ofRow: row)
                } else {
                    try writer.add(record.image, vector: try store.vector(ofRow: record.row))
                }
                try writer.checkpointIfDue()
            }
            for failure in try store.failures() where !writer.hasFailed(failure.path) { try writer.add(failure) }
        }
        try writer.finish(measuring: engine())
        return try Manifest.read(of: output)
    }

    /// In the order of their parts of a source, where they are parts.
    private static func ordered(_ stores: [VectorStore]) throws -> [VectorStore] {
        guard let one = stores.lazy.compactMap(\.manifest.part).first else { return stores }
        let parts = stores.map { ($0, $0.manifest.part) }.sorted { ($0.1?.number ?? 0) < ($1.1?.number ?? 0) }
        let expected = (1...one.of).map { SourcePart(number: $0, of: one.of, source: one.source) }
        guard parts.map(\.1) == expected else {
            let found = parts.map { $0.1.map { "\($0.number)/\($0.of) of source \($0.source)" } ?? "a whole source" }
            throw IndexError(
                .invalidRequest, stores[0].path,
                "is a part of \(one.of) of the source \(one.source), and all of them are "
                    + "needed, once each; found \(found.joined(separator: ", "))")
        }
        return parts.map(\.0)
    }
}
