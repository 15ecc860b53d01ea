internal import CUnmaskFAISS
internal import UnmaskRuntime

/// An inverted file of an index's full shards, in codes of a thirty-second of their bytes (Jégou, Douze and Schmid 2011): FAISS's
/// IVF-PQ.
final class RowLists: GrowingRows {
    let rows: Int
    let last: [Int]
    /// At most all lists are looked at.
    let efforts: ClosedRange<Int>
    private let store: VectorStore
    /// Free of other uses while it is built; any number of threads may search it then.
    private nonisolated(unsafe) let handle: OpaquePointer

    /// Rows that lists and codes are learned of, at most; FAISS takes 256 for each at most, and learns from fewer what serves.
    private static let mostLearned = 100_000
    private static let seed: UInt64 = 20

    /// Learns lists and codes; it has no rows yet.
    ///
    /// - Parameter last: how many rows come last.
    init(toBuild store: VectorStore, rows: Int, last: Int, engine: Engine) throws {
        var random = SeededRandom(seed: Self.seed)
        let shuffled = (0..<rows).shuffled(using: &random)
        let learned = shuffled.dropFirst(last).prefix(Self.mostLearned)
        guard learned.count >= 256 else {
            throw IndexError(
                .invalidRequest, store.path,
                "an inverted file is learned of at least 256 vectors: it has \(learned.count)")
        }
        // About four times the square root, as FAISS advises, and enough vectors for each.
        let lists = max(1, min(4 * Int(Double(rows).squareRoot()), learned.count / 24))
        let parts = (1...max(1, store.dimension / 8)).last { store.dimension.isMultiple(of: $0) } ?? 1
        var sample: [Float] = []
        sample.reserveCapacity(learned.count * store.dimension)
        for row in learned.sorted() { sample += try store.vector(ofRow: row) }
        var problem = unmask_faiss_problem()
        guard
            let made = unmask_lists_train(
                store.dimension, lists, parts, learned.count, sample, engine.threads, &problem)
        else { throw IndexError(.system, store.path, "its inverted file: \(problem.message)") }
        (handle, self.rows, self.store, self.last) = (made, rows, store, shuffled.prefix(last).sorted())
        efforts = 1...lists
    }

    /// From a file whose checksum was compared.
    init(_ file: FileExtent, of store: VectorStore, rows: Int) throws(IndexError) {
        var problem = unmask_faiss_problem()
        let made = file.withBytes { unmask_lists_read(store.dimension, rows, $0.baseAddress, $0.count, &problem) }
        guard let made else { throw IndexError(.damaged, file.path, problem.message) }
        (handle, self.rows, self.store, last, efforts) = (made, rows, store, [], 1...max(1, rows))
        try file.checkUnchanged()
    }

    deinit { unmask_lists_free(handle) }

    func addMost(_ engine: Engine, told: (Double) -> Void) throws {
        let last = Set(last)
        for shard in store.shards where shard.firstRow < rows {
            try add((shard.firstRow..<shard.firstRow + shard.rows).filter { !last.contains($0) }, engine)
            shard.vectors.release()
            told(Double(shard.firstRow + shard.rows) / Double(rows))
        }
    }

    func addLast(_ engine: Engine) throws { try add(last, engine) }

    private func add(_ rows: [Int], _ engine: Engine) throws(IndexError) {
        var vectors: [Float] = []
        vectors.reserveCapacity(rows.count * store.dimension)
        for row in rows { vectors += try store.vector(ofRow: row) }
        var problem = unmask_faiss_problem()
        guard unmask_lists_add(handle, rows.count, vectors, rows.map { Int64($0) }, engine.threads, &problem) else {
            throw IndexError(.system, store.path, "its inverted file: \(problem.message)")
        }
    }

    func bytes() throws(IndexError) -> [UInt8] {
        var problem = unmask_faiss_problem()
        var count = 0
        guard let bytes = unmask_lists_write(handle, &count, &problem) else {
            throw IndexError(.system, store.path, "its inverted file: \(problem.message)")
        }
        return Array(UnsafeBufferPointer(start: bytes, count: count))
    }

    /// Codes are coarse: what they put first is looked at exactly.
    func candidates(effort: Int) -> Int { max(128, 32 * effort) }

    func near(_ query: [Float], effort: Int, count: Int) throws(IndexError) -> [Int] {
        var found = [Int64](repeating: -1, count: count)
        var problem = unmask_faiss_problem()
        let there = unmask_lists_search(handle, query, effort, count, &found, &problem)
        guard there != Int(bitPattern: UInt.max) else { throw IndexError(.system, store.path, problem.message) }
        return found.prefix(there).map { Int($0) }
    }
}
