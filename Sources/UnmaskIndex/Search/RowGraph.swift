internal import CUnmaskFAISS
internal import UnmaskRuntime

/// A graph of an index's full shards, whose rounded rows it goes along (Malkov and Yashunin 2016): FAISS's HNSW.
final class RowGraph: Sendable {
    /// Those that it joins: the first of the index.
    let rows: Int
    /// Free of other uses while it is built; any number of threads may search it then.
    private nonisolated(unsafe) let handle: OpaquePointer
    /// Keeps the rows where they are.
    private let shards: [VectorStore.Shard]

    /// Links of a row on each level, and rows that are kept in view while one is added: usual numbers.
    private static let links = 32
    private static let buildEffort = 100

    /// One that joins nothing yet.
    convenience init(toBuild store: VectorStore, rows: Int, engine: Engine) throws(IndexError) {
        try self.init(store, rows, engine) { unmask_graph_create($0, Self.links, Self.buildEffort, $1) }
    }

    /// From a file whose checksum was compared.
    convenience init(_ file: FileExtent, of store: VectorStore, rows: Int, engine: Engine) throws(IndexError) {
        try self.init(store, rows, engine, path: file.path) { rows, problem in
            file.withBytes { unmask_graph_read(rows, $0.baseAddress, $0.count, problem) }
        }
        try file.checkUnchanged()
    }

    private init(
        _ store: VectorStore, _ rows: Int, _ engine: Engine, path: String? = nil,
        _ make: (UnsafePointer<unmask_graph_rows>, UnsafeMutablePointer<unmask_faiss_problem>) -> OpaquePointer?
    ) throws(IndexError) {
        let (width, shardRows) = (store.dimension, store.manifest.shardRows)
        let shards = Array(store.shards.prefix(rows / shardRows))
        var (whole, scales): ([UnsafePointer<Int8>?], [UnsafePointer<Float>?]) = ([], [])
        for shard in shards {
            // The mapping stays as long as the shard is kept.
            shard.rounded?.withBytes { bytes in
                whole.append(bytes.baseAddress?.assumingMemoryBound(to: Int8.self))
                scales.append((bytes.baseAddress.map { $0 + shardRows * width })?.assumingMemoryBound(to: Float.self))
            }
        }
        var problem = unmask_faiss_problem()
        let made = whole.withUnsafeBufferPointer { whole in
            scales.withUnsafeBufferPointer { scales in
                var table = unmask_graph_rows(
                    count: rows, width: width, per_shard: shardRows, whole: whole.baseAddress,
                    scales: scales.baseAddress, dot: engine.byteKernel)
                return make(&table, &problem)
            }
        }
        guard let made else {
            throw IndexError(path == nil ? .system : .damaged, path ?? store.path, "its graph: \(problem.message)")
        }
        (handle, self.rows, self.shards) = (made, rows, shards)
    }

    deinit { unmask_graph_free(handle) }

    /// The order in which rows are added.
    var order: [Int] { UnsafeBufferPointer(start: unmask_graph_order(handle), count: rows).map { Int($0) } }

    /// Adds the rows at these places of the order.
    func add(_ places: Range<Int>, threads: Int) throws(IndexError) {
        var problem = unmask_faiss_problem()
        guard unmask_graph_add(handle, places.lowerBound, places.upperBound, threads, &problem) else {
            throw IndexError(.system, "graph", problem.message)
        }
        try checkUnchanged()
    }

    /// Its file.
    var bytes: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: unmask_graph_byte_count(handle)) { buffer, filled in
            unmask_graph_write(handle, buffer.baseAddress)
            filled = buffer.count
        }
    }

    /// Up to `effort` rows that are near a query, in no order.
    func near(_ query: RoundedQuery, effort: Int) throws(IndexError) -> [Int] {
        var found = [Int64](repeating: 0, count: effort)
        var problem = unmask_faiss_problem()
        let count = unmask_graph_search(handle, query.whole, effort, &found, &problem)
        guard count != Int(bitPattern: UInt.max) else { throw IndexError(.system, "graph", problem.message) }
        try checkUnchanged()
        return found.prefix(count).map { Int($0) }
    }

    private func checkUnchanged() throws(IndexError) {
        for shard in shards { try shard.rounded?.checkUnchanged() }
    }
}

extension unmask_faiss_problem {
    /// Its text.
    fileprivate var message: String {
        withUnsafeBytes(of: text) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
