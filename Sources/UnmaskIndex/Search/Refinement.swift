internal import UnmaskRuntime

/// The end of a search: the float32 products of those rows that could be among the nearest of those that were looked at.
struct Refinement {
    let store: VectorStore
    let engine: Engine

    /// The `limit` nearest of `rows`, with the similarities that an exact search gives them; nil where more than `most` of them
    /// would have to be read.
    func nearest(_ query: [Float], _ limit: Int, of rows: some BoundedSimilarities, most: Int) throws -> [Neighbour]? {
        let exact = try RowReader(store, query, engine)
        // The float32 products of those that look nearest are a bar that the others have to reach.
        var promising = BestRows(limit: 4 * limit + 32)
        rows.forEach { row, similarity, _ in promising.offer(row, similarity) }
        var best = BestRows(limit: limit)
        try exact.read(promising.rows.map(\.row)) { best.offer($0, $1) }
        let bar = best.threshold
        let known = Set(promising.rows.map(\.row))
        var others: [Int] = []
        rows.forEach { row, similarity, bound in
            if similarity + bound >= bar, others.count <= most, !known.contains(row) { others.append(row) }
        }
        guard others.count <= most else { return nil }
        try exact.read(others) { best.offer($0, $1) }
        return best.rows
    }
}
