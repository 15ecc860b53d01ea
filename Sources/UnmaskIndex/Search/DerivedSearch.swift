internal import UnmaskRuntime

/// Approximate search by what was made of an index's first rows. Those that were added afterwards, and those of the shard that is
/// not full, are all looked at; what does not count is left out of what it gives, of which more is asked for then.
struct DerivedSearch: Sendable {
    let store: VectorStore
    let derived: any NearRows
    /// How much is looked at for ten neighbours.
    let effort: Int
    let engine: Engine

    /// As `FlatSearch.nearest`.
    func nearest(_ queries: [Float], k: Int, filter: RowFilter) throws -> [[Neighbour]] {
        try store.check(queries, k: k)
        let width = store.dimension
        return try stride(from: 0, to: queries.count, by: width).map { start in
            try nearest(Array(queries[start..<start + width]), min(k, filter.rowCount), filter)
        }
    }

    private func nearest(_ query: [Float], _ limit: Int, _ filter: RowFilter) throws -> [Neighbour] {
        guard limit > 0 else { return [] }
        var best = BestRows(limit: limit)
        let rest = try store.products(from: derived.rows, with: query, filter, engine)
        for found in rest { best.offer(found.row, found.similarity) }
        guard let rows = try near(query, min(limit, filter.rowCount - rest.count), filter) else {
            return try FlatSearch(store, engine: engine).nearest(query, k: limit, filter: filter)[0]
        }
        let looked = try RoundedCandidates(store, rows, query, engine)
        for found in try Refinement(store: store, engine: engine).nearest(query, limit, of: looked, most: .max) ?? [] {
            best.offer(found.row, found.similarity)
        }
        return best.rows
    }

    /// At least `wanted` rows that count; nil where so many would be asked for that looking at all of them is faster.
    private func near(_ query: [Float], _ wanted: Int, _ filter: RowFilter) throws -> [Int]? {
        guard wanted > 0 else { return [] }
        // One more than the usual ten is the query itself, where that is a row.
        let neighbours = max(1, Double(wanted - 1) / Double(Recall.neighbours))
        var times = neighbours * Double(store.rowCount) / Double(filter.rowCount)
        let usual = derived.candidates(effort: effort)
        while times * Double(usual) <= Double(max(2 * usual, derived.rows / 16)) {
            let count = max(wanted, Int((times * Double(usual)).rounded(.up)))
            let found = try derived.near(query, effort: Int((times * Double(effort)).rounded(.up)), count: count)
                .filter(filter.counts)
            if found.count >= wanted { return found }
            times *= 2
        }
        return nil
    }
}
