public import UnmaskRuntime

/// What approximate searches are measured by: vectors of an index as queries, and what is nearest to each of them beside itself.
struct SearchTrial {
    let store: VectorStore
    /// Rows that are the queries.
    let rows: [Int]
    let queries: [[Float]]
    /// For each query the least similarity of the nearest.
    private let least: [Float]
    /// For each query how many there are to be found.
    private let expected: [Int]
    private let filter: RowFilter
    /// Rows that are left out of what every query finds: all queries, where the search does not know them yet.
    private let apart: Set<Int>
    private static let seed: UInt64 = 10

    /// Of rows that were drawn by chance, the same in every run.
    init(_ store: VectorStore, count: Int = 200, engine: Engine) throws {
        let filter = try RowFilter(store)
        var random = SeededRandom(seed: Self.seed)
        let rows = (0..<store.rowCount).filter(filter.counts).shuffled(using: &random).prefix(count)
        try self.init(store, rows.sorted(), apart: [], filter, engine)
    }

    /// Of rows that the search does not know.
    init(_ store: VectorStore, unknown rows: [Int], engine: Engine) throws {
        try self.init(store, rows, apart: Set(rows), RowFilter(store), engine)
    }

    private init(
        _ store: VectorStore, _ rows: [Int], apart: Set<Int>, _ filter: RowFilter, _ engine: Engine
    ) throws {
        (self.store, self.rows, self.apart, self.filter) = (store, rows, apart, filter)
        queries = try rows.map { try store.vector(ofRow: $0) }
        let nearest = try FlatSearch(store, engine: engine).nearest(
            queries.flatMap(\.self), k: Recall.neighbours + 1 + apart.count, filter: filter)
        let found = zip(rows, nearest).map { Self.others($0, $1, apart) }
        least = found.map { $0.last?.similarity ?? 1 }
        expected = found.map(\.count)
    }

    /// What a query's row found beside itself.
    private static func others(_ row: Int, _ found: [Neighbour], _ apart: Set<Int>) -> ArraySlice<Neighbour> {
        found.filter { $0.row != row && !apart.contains($0.row) }.prefix(Recall.neighbours)
    }

    /// The share of the nearest that a search finds, which gives its neighbours for a query and k.
    func recall(_ effort: Int, _ search: ([Float], Int, RowFilter) throws -> [Neighbour]) throws -> Recall {
        var (found, all) = (0, 0)
        for (place, query) in queries.enumerated() {
            let others = Self.others(rows[place], try search(query, Recall.neighbours + 1, filter), apart)
            found += others.count { $0.similarity >= least[place] }
            all += expected[place]
        }
        return Recall(
            recall: all > 0 ? Double(found) / Double(all) : 1, queries: queries.count, rows: store.rowCount,
            effort: effort)
    }
}

extension StoreWriter {
    /// The last checkpoint, with what a search by bits comes to where the index keeps bits.
    ///
    /// Killed on the way, the next writer measures it again: the bytes are the same.
    public func finish(measuring engine: @autoclosure () throws -> Engine) throws {
        guard let bits, bits.reached?.rows != rowCount else { return try finish() }
        _ = try measuredBits(engine: engine(), isComplete: true)
    }

    /// Measures how many candidates a search by bits needs for the recall that is wanted, and makes that durable with all that
    /// was added. The same index gives the same.
    ///
    /// Throws `invalidRequest` where the index keeps no bits.
    public func measuredBits(engine: Engine, isComplete: Bool) throws -> Recall {
        guard let wanted = bits?.wanted else { throw IndexError(.invalidRequest, path, "it keeps no bits") }
        try checkpoint()
        let store = try VectorStore(path: path)
        let trial = try SearchTrial(store, engine: engine)
        var candidates = Self.leastCandidates
        while true {
            let search = try BitSearch(store, candidates: candidates, engine: engine)
            let reached = try trial.recall(candidates) { query, k, filter in
                try search.nearest(query, k: k, filter: filter)[0]
            }
            // All rows are candidates in the end, and all of the nearest are found then.
            guard reached.recall < wanted, candidates < store.rowCount else {
                note(bits: reached)
                try checkpoint(isComplete: isComplete)
                return reached
            }
            candidates *= 2
        }
    }

    /// Fewer would save nothing that can be measured.
    private static let leastCandidates = 64
}
