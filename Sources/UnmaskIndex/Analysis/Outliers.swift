public import UnmaskRuntime

/// Images that are like few others.
public enum Outliers {
    /// The rows whose mean similarity to their `k` nearest neighbours is least, least first.
    ///
    /// Every row is compared with every other.
    public static func find(
        in store: VectorStore, count: Int, k: Int, filter: RowFilter? = nil, engine: Engine,
        told: (Double) -> Void = { _ in }
    ) throws -> [Neighbour] {
        guard count >= 1, k >= 1 else {
            throw IndexError(
                .invalidRequest, store.path, "\(count) outliers by \(k) neighbours: expected at least 1 of both")
        }
        let filter = try filter ?? RowFilter(store)
        let search = FlatSearch(store, engine: engine)
        var found: [Neighbour] = []
        let block = 512
        for first in stride(from: 0, to: store.rowCount, by: block) {
            let rows = (first..<min(first + block, store.rowCount)).filter(filter.counts)
            guard !rows.isEmpty else { continue }
            let queries = try rows.flatMap { row in try store.vector(ofRow: row) }
            for (row, nearest) in zip(rows, try search.nearest(queries, k: k + 1, filter: filter)) {
                let others = nearest.filter { $0.row != row }.prefix(k)
                guard !others.isEmpty else { continue }
                let mean = others.reduce(0) { $0 + $1.similarity } / Float(others.count)
                found.append(Neighbour(row: row, similarity: mean))
            }
            told(Double(first + block) / Double(store.rowCount))
        }
        return Array(found.sorted { ($0.similarity, $0.row) < ($1.similarity, $1.row) }.prefix(count))
    }
}
