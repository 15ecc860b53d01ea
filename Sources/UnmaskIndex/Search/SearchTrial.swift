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
    private static let seed: UInt64 = 10

    /// - Parameters:
    ///   - count: queries, or as many as there are vectors.
    ///   - rows: that queries are taken from; nil: from all.
    init(_ store: VectorStore, count: Int = 200, from rows: Range<Int>? = nil, engine: Engine) throws {
        let filter = try RowFilter(store)
        var random = SeededRandom(seed: Self.seed)
        let counting = (rows ?? 0..<store.rowCount).filter(filter.counts)
        self.rows = Array(counting.shuffled(using: &random).prefix(count)).sorted()
        (self.store, self.filter) = (store, filter)
        queries = try self.rows.map { try store.vector(ofRow: $0) }
        let nearest = try FlatSearch(store, engine: engine).nearest(
            queries.flatMap(\.self), k: Recall.neighbours + 1, filter: filter)
        let found = zip(self.rows, nearest).map(Self.others)
        least = found.map { $0.last?.similarity ?? 1 }
        expected = found.map(\.count)
    }

    /// What a query's row found beside itself.
    private static func others(_ row: Int, _ found: [Neighbour]) -> ArraySlice<Neighbour> {
        found.filter { $0.row != row }.prefix(Recall.neighbours)
    }

    /// The share of the nearest that a search finds, which gives its neighbours for a query and k.
    func recall(_ effort: Int, _ search: ([Float], Int, RowFilter) throws -> [Neighbour]) throws -> Recall {
        var (found, all) = (0, 0)
        for (place, query) in queries.enumerated() {
            let others = Self.others(rows[place], try search(query, Recall.neighbours + 1, filter))
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
        if bits != nil, bits?.reached?.rows != rowCount { try measureBits(engine: engine()) }
        try finish()
    }

    /// Measures how many candidates a search by bits needs for the recall that is wanted, and notes it.
    ///
    /// What was added is made durable for it. The same index gives the same.
    private func measureBits(engine: Engine) throws {
        guard let wanted = bits?.wanted else { return }
        try checkpoint()
        let store = try VectorStore(path: path)
        let trial = try SearchTrial(store, engine: engine)
        var candidates = Self.leastCandidates
        while true {
            let search = try BitSearch(store, candidates: candidates, engine: engine)
            let reached = try trial.recall(candidates) { query, k, filter in
                try search.nearest(query, k: k, filter: filter)[0]
            }
            guard reached.recall < wanted, candidates < store.rowCount else { return note(bits: reached) }
            candidates *= 2
        }
    }

    /// More than a shard's other rows cost.
    private static let leastCandidates = 64
}
