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
        guard k > 0, queries.count.isMultiple(of: dimension) else {
            throw IndexError(
                .invalidRequest, store.path,
                "\(queries.count) numbers and k = \(k): expected queries of \(dimension) "
                    + "numbers and at least 1 neighbour")
        }
        guard queries.allSatisfy(\.isFinite) else {
            throw IndexError(.invalidRequest, store.path, "a query has a NaN or an infinity: nothing is near it")
        }
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
        let exact = try RowReader(store, query, engine)
        // The float32 products of those that look nearest are a bar that the others have to reach.
        var promising = BestRows(limit: min(4 * limit + 32, filter.rowCount))
        scan.forEach(number) { row, similarity, _ in
            if filter.counts(row) { promising.offer(row, similarity) }
        }
        var best = BestRows(limit: limit)
        try exact.read(promising.rows.map(\.row)) { best.offer($0, $1) }
        let (bar, most) = (best.threshold, max(1024, store.rowCount / 8))
        let known = Set(promising.rows.map(\.row))
        var others: [Int] = []
        scan.forEach(number) { row, similarity, bound in
            if similarity + bound >= bar, filter.counts(row), others.count <= most, !known.contains(row) {
                others.append(row)
            }
        }
        guard others.count <= most else { return nil }
        try exact.read(others) { best.offer($0, $1) }
        return best.rows
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
