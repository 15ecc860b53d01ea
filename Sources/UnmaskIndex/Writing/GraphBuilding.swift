internal import Foundation
public import UnmaskRuntime

/// Makes a graph of an index's full shards, and leaves it beside them.
public enum GraphBuilding {
    /// Rows that are kept in view at most, to reach a recall.
    private static let mostEffort = 4096
    private static let leastEffort = 16
    private static let queries = 200

    /// The index may be searched meanwhile. It is held by this writer only when the graph is there, for as long as it takes to
    /// write it.
    ///
    /// Recall is measured on vectors that the graph does not join yet. Throws `invalidRequest` where `wanted` cannot be reached
    /// or no shard is full, and `busy` where another process is writing to the index in the end.
    ///
    /// - Parameter told: of the share of the rows that it joins.
    public static func build(
        _ path: String, wanted: Double, engine: Engine, told: (Double) -> Void
    ) throws -> Manifest.GraphFile {
        let store = try VectorStore(path: path)
        let rows = store.fullRows
        guard rows > 0 else {
            throw IndexError(
                .invalidRequest, path,
                "it has \(store.rowCount) vectors, fewer than a full shard's \(store.manifest.shardRows), which an exact "
                    + "search looks at as fast: no graph is needed")
        }
        let graph = try RowGraph(toBuild: store, rows: rows, engine: engine)
        let held = min(queries, rows / 10)
        let step = max(1024, rows / 100)
        for start in stride(from: 0, to: rows - held, by: step) {
            try graph.add(start..<min(start + step, rows - held), threads: engine.threads)
            told(Double(start) / Double(rows))
        }
        let trial = try SearchTrial(store, unknown: graph.order.suffix(held), engine: engine)
        let reached = try measured(graph, trial, wanted, engine)
        guard reached.recall >= wanted else {
            throw IndexError(
                .invalidRequest, path,
                "a recall of \(wanted) cannot be reached by a graph: it was \(reached.recall) with \(reached.effort) rows in "
                    + "view. Ask for less, or take --kind bits")
        }
        try graph.add(rows - held..<rows, threads: engine.threads)
        return try write(graph.bytes, of: store, rows, wanted, reached)
    }

    private static func measured(
        _ graph: RowGraph, _ trial: SearchTrial, _ wanted: Double, _ engine: Engine
    ) throws -> Recall {
        var effort = leastEffort
        while true {
            let search = GraphSearch(store: trial.store, graph: graph, effort: effort, engine: engine)
            let reached = try trial.recall(effort) { query, k, filter in
                try search.nearest(query, k: k, filter: filter)[0]
            }
            guard reached.recall < wanted, effort < min(mostEffort, graph.rows) else { return reached }
            effort *= 2
        }
    }

    private static func write(
        _ bytes: [UInt8], of store: VectorStore, _ rows: Int, _ wanted: Double, _ reached: Recall
    ) throws(IndexError) -> Manifest.GraphFile {
        let folder = try IndexFolder(path: store.path)
        var manifest = try Manifest.read(of: store.path)
        let shards = rows / store.manifest.shardRows
        guard manifest.shards.prefix(shards) == store.manifest.shards.prefix(shards) else {
            throw IndexError(.invalidRequest, store.path, "its vectors changed while the graph was made: make it again")
        }
        let file = bytes.withUnsafeBytes { Manifest.Extent($0) }
        let graph = Manifest.GraphFile(kind: .hnsw, rows: rows, file: file, wanted: wanted, reached: reached)
        try writeWhole(bytes, to: folder.file(graph.name))
        manifest.graphs = ((manifest.graphs ?? []).filter { $0.kind != graph.kind } + [graph])
        try folder.write(manifest)
        let names = Set((manifest.graphs ?? []).map(\.name))
        for name in try folder.names where name.hasSuffix(Manifest.GraphFile.ending) && !names.contains(name) {
            unlink(folder.file(name))
        }
        return graph
    }
}
