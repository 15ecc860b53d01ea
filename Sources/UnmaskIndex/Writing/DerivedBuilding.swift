internal import Foundation
public import UnmaskRuntime

/// Makes of an index's full shards what approximate searches go by, and leaves it beside them.
public enum DerivedBuilding {
    private static let queries = 200

    /// The index may be searched meanwhile. It is held by this writer only in the end, for as long as it takes to write a file.
    ///
    /// Recall is measured on vectors that are not in it yet. Throws `invalidRequest` where `wanted` cannot be reached, no shard is
    /// full or nothing is made for the mode, and `busy` where another process is writing to the index in the end.
    ///
    /// - Parameter told: of the share of the rows that are in it.
    public static func build(
        _ path: String, for mode: SearchMode, wanted: Double, engine: Engine, told: (Double) -> Void
    ) throws -> Manifest.DerivedFile {
        let store = try VectorStore(path: path)
        let rows = store.fullRows
        guard rows > 0 else {
            throw IndexError(
                .invalidRequest, path,
                "it has \(store.rowCount) vectors, fewer than a full shard's \(store.manifest.shardRows), which an exact "
                    + "search looks at as fast: nothing is needed beside them")
        }
        // Whoever writes to it now is told of before the work; it is asked for again when there is something to write.
        _ = try IndexFolder(path: path)
        let last = min(queries, rows / 10)
        let growing: any GrowingRows
        switch mode {
        case .hnsw: growing = try RowGraph(toBuild: store, rows: rows, last: last, engine: engine)
        case .ivfpq: growing = try RowLists(toBuild: store, rows: rows, last: last, engine: engine)
        case .exact, .bits:
            throw IndexError(.invalidRequest, path, "searches of mode \(mode.rawValue) go by no file of their own")
        }
        try growing.addMost(engine, told: told)
        let trial = try SearchTrial(store, unknown: growing.last, engine: engine)
        let reached = try measured(growing, trial, wanted, engine)
        guard reached.recall >= wanted else {
            throw IndexError(
                .invalidRequest, path,
                "a recall of \(wanted) cannot be reached by \(mode.rawValue): it was \(reached.recall) with an effort of "
                    + "\(reached.effort), the most. Ask for less, or take another kind")
        }
        try growing.addLast(engine)
        return try write(growing.bytes(), of: store, rows, mode, wanted, reached)
    }

    private static func measured(
        _ derived: any NearRows, _ trial: SearchTrial, _ wanted: Double, _ engine: Engine
    ) throws -> Recall {
        var effort = derived.efforts.lowerBound
        while true {
            let search = DerivedSearch(store: trial.store, derived: derived, effort: effort, engine: engine)
            let reached = try trial.recall(effort) { query, k, filter in
                try search.nearest(query, k: k, filter: filter)[0]
            }
            guard reached.recall < wanted, effort < derived.efforts.upperBound else { return reached }
            effort = min(2 * effort, derived.efforts.upperBound)
        }
    }

    private static func write(
        _ bytes: [UInt8], of store: VectorStore, _ rows: Int, _ mode: SearchMode, _ wanted: Double, _ reached: Recall
    ) throws(IndexError) -> Manifest.DerivedFile {
        let folder = try IndexFolder(path: store.path)
        var manifest = try Manifest.read(of: store.path)
        let shards = rows / store.manifest.shardRows
        guard manifest.shards.prefix(shards) == store.manifest.shards.prefix(shards) else {
            throw IndexError(.invalidRequest, store.path, "its vectors changed meanwhile: run this again")
        }
        let file = bytes.withUnsafeBytes { Manifest.Extent($0) }
        let made = Manifest.DerivedFile(mode: mode, rows: rows, file: file, wanted: wanted, reached: reached)
        try writeWhole(bytes, to: folder.file(made.name))
        let derived = (manifest.derived ?? []).filter { $0.mode != mode } + [made]
        manifest.derived = derived.sorted { $0.mode.rawValue < $1.mode.rawValue }
        try folder.write(manifest)
        let names = Set(derived.map(\.name))
        for name in try folder.names where name.hasSuffix(Manifest.DerivedFile.ending) && !names.contains(name) {
            unlink(folder.file(name))
        }
        return made
    }
}
