internal import CUnmaskFAISS
internal import UnmaskRuntime

/// A graph of an index's full shards, whose rounded rows it goes along (Malkov and Yashunin 2016): FAISS's HNSW.
final class RowGraph: GrowingRows {
    let rows: Int
    let last: [Int]
    /// Rows that are kept in view.
    let efforts = 16...4096
    private let path: String
    /// Free of other uses while it is built; any number of threads may search it then.
    private nonisolated(unsafe) let handle: OpaquePointer
    /// Keeps the rows where they are.
    private let shards: [VectorStore.Shard]

    /// Links of a row on each level, and rows that are kept in view while one is added: usual numbers.
    private static let links = 32
    private static let buildEffort = 100

    /// One that joins nothing yet.
    ///
    /// - Parameter last: how many rows come last.
    convenience init(toBuild store: VectorStore, rows: Int, last: Int, engine: Engine) throws(IndexError) {
        try self.init(store, rows, last: last, engine) { unmask_graph_create($0, Self.links, Self.buildEffort, $1) }
    }

    /// From a file whose checksum was compared.
    convenience init(_ file: FileExtent, of store: VectorStore, rows: Int, engine: Engine) throws(IndexError) {
        try self.init(store, rows, engine, file: file) { rows, problem in
            file.withBytes { unmask_graph_read(rows, $0.baseAddress, $0.count, problem) }
        }
        try file.checkUnchanged()
    }

    private init(
        _ store: VectorStore, _ rows: Int, last: Int = 0, _ engine: Engine, file: FileExtent? = nil,
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
            throw IndexError(file == nil ? .system : .damaged, file?.path ?? store.path, problem.message)
        }
        (handle, self.rows, self.shards, path) = (made, rows, shards, store.path)
        // The order in which rows are added: those of the highest levels first.
        let order = file == nil ? UnsafeBufferPointer(start: unmask_graph_order(made), count: rows) : nil
        self.last = order?.suffix(last).map { Int($0) } ?? []
    }

    deinit { unmask_graph_free(handle) }

    func addMost(_ engine: Engine, told: (Double) -> Void) throws {
        let most = rows - last.count
        let step = max(1024, rows / 100)
        for start in stride(from: 0, to: most, by: step) {
            try add(start..<min(start + step, most), engine)
            told(Double(start) / Double(rows))
        }
    }

    func addLast(_ engine: Engine) throws { try add(rows - last.count..<rows, engine) }

    /// Adds the rows at these places of the order.
    private func add(_ places: Range<Int>, _ engine: Engine) throws(IndexError) {
        var problem = unmask_faiss_problem()
        guard unmask_graph_add(handle, places.lowerBound, places.upperBound, engine.threads, &problem) else {
            throw IndexError(.system, path, problem.message)
        }
        try checkUnchanged()
    }

    func bytes() -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: unmask_graph_byte_count(handle)) { buffer, filled in
            unmask_graph_write(handle, buffer.baseAddress)
            filled = buffer.count
        }
    }

    /// Whatever is in view.
    func candidates(effort: Int) -> Int { effort }

    func near(_ query: [Float], effort: Int, count: Int) throws(IndexError) -> [Int] {
        let inView = max(effort, count)
        var found = [Int64](repeating: 0, count: inView)
        var problem = unmask_faiss_problem()
        let there = unmask_graph_search(handle, RoundedQuery(query).whole, inView, &found, &problem)
        guard there != Int(bitPattern: UInt.max) else { throw IndexError(.system, path, problem.message) }
        try checkUnchanged()
        return found.prefix(there).map { Int($0) }
    }

    private func checkUnchanged() throws(IndexError) {
        for shard in shards { try shard.rounded?.checkUnchanged() }
    }
}

extension unmask_faiss_problem {
    /// Its text.
    var message: String {
        withUnsafeBytes(of: text) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
