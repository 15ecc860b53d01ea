public import UnmaskRuntime

/// Exact search: every row is looked at.
///
/// A few queries look at the rounded rows, and read in float32 only those that could be among the nearest: how far a rounded
/// product can be from the float32 one is known for every row, so nothing is missed. Many queries, and those for which
/// that would be most rows, are one float32 product with all of them. Either way gives the same rows and the same bits.
public struct FlatSearch: Sendable {
    let store: VectorStore
    let engine: Engine
    /// More queries at once than this are one product.
    private static let mostScanned = 8

    public init(_ store: VectorStore, engine: Engine) {
        self.store = store
        self.engine = engine
    }

    /// The `k` nearest rows of each query, or as many as count.
    ///
    /// - Parameters:
    ///   - queries: [q, dimension], each of length 1.
    ///   - filter: which rows count; nil: those that were not deleted.
    public func nearest(_ queries: [Float], k: Int, filter: RowFilter? = nil) throws -> [[Neighbour]] {
        let dimension = store.dimension
        try store.check(queries, k: k)
        let filter = try filter ?? RowFilter(store)
        let count = queries.count / dimension
        guard filter.rowCount > 0, count > 0 else { return Array(repeating: [], count: count) }
        let limit = min(k, filter.rowCount)
        guard count <= Self.mostScanned else { return try multiplied(queries, limit, filter) }
        let rows = (0..<count).map { Array(queries[$0 * dimension..<($0 + 1) * dimension]) }
        let scan = try RoundedScan(store, rows, engine)
        return try rows.enumerated().map { number, query in
            try scanned(query, scan, number, limit, filter) ?? multiplied(query, limit, filter)[0]
        }
    }

    /// By rounded rows; nil where more than an eighth of the rows would have to be read.
    private func scanned(
        _ query: [Float], _ scan: RoundedScan, _ number: Int, _ limit: Int, _ filter: RowFilter
    ) throws -> [Neighbour]? {
        let rows = RoundedScan.Query(scan: scan, number: number, filter: filter)
        return try Refinement(store: store, engine: engine).nearest(
            query, limit, of: rows, most: max(1024, store.rowCount / 8))
    }

    /// By one product with all rows.
    private func multiplied(_ queries: [Float], _ limit: Int, _ filter: RowFilter) throws -> [[Neighbour]] {
        let packed = try PackedVectors(queries, width: store.dimension, engine: engine)
        var best = Array(repeating: BestRows(limit: limit), count: packed.count)
        try store.forEachProduct(with: packed) { firstRow, products in
            for row in 0..<products.count / packed.count where filter.counts(firstRow + row) {
                for query in 0..<packed.count {
                    let similarity = products[row * packed.count + query]
                    if similarity >= best[query].threshold { best[query].offer(firstRow + row, similarity) }
                }
            }
        }
        return best.map(\.rows)
    }
}
