internal import UnmaskRuntime

/// Approximate search along a graph. Rows that were added after it was made, and those of the shard that is not full, are all
/// looked at; what does not count is left out of what the graph gives, of which more is asked for then.
struct GraphSearch: Sendable {
    let store: VectorStore
    let graph: RowGraph
    /// Rows that are kept in view for ten neighbours.
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
        let rest = try store.products(from: graph.rows, with: query, filter, engine)
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

    /// At least `wanted` rows of the graph that count; nil where so many would be kept in view that looking at all of them is
    /// faster.
    private func near(_ query: [Float], _ wanted: Int, _ filter: RowFilter) throws -> [Int]? {
        guard wanted > 0 else { return [] }
        let rounded = RoundedQuery(query)
        let share = Double(filter.rowCount) / Double(store.rowCount)
        // One more than the usual ten is the query itself, where that is a row.
        let usual = max(effort, effort * (wanted - 1) / Recall.neighbours, wanted)
        var asked = Int((Double(usual) / share).rounded(.up))
        while asked <= max(2 * effort, graph.rows / 16) {
            let found = try graph.near(rounded, effort: asked).filter(filter.counts)
            if found.count >= wanted { return found }
            asked *= 2
        }
        return nil
    }
}
