internal import UnmaskRuntime

extension VectorStore {
    /// Throws where queries are not of this index's vectors, or ask for nothing.
    func check(_ queries: [Float], k: Int) throws(IndexError) {
        guard k > 0, queries.count.isMultiple(of: dimension) else {
            throw IndexError(
                .invalidRequest, path,
                "\(queries.count) numbers and k = \(k): expected queries of \(dimension) "
                    + "numbers and at least 1 neighbour")
        }
        guard queries.allSatisfy(\.isFinite) else {
            throw IndexError(.invalidRequest, path, "a query has a NaN or an infinity: nothing is near it")
        }
    }

    /// The rows of full shards, which come first; those behind them are looked at exactly by every search.
    var fullRows: Int { shards.last.map { $0.rounded == nil ? $0.firstRow : $0.firstRow + $0.rows } ?? 0 }

    /// Rows that are few, multiplied with one query in float32: those from `first` on.
    func products(from first: Int, with query: [Float], _ filter: RowFilter, _ engine: Engine) throws -> [Neighbour] {
        guard first < rowCount else { return [] }
        var found: [Neighbour] = []
        let packed = try PackedVectors(query, width: dimension, engine: engine)
        try forEachProduct(with: packed, from: first) { firstRow, products in
            for (place, product) in products.enumerated()
            where firstRow + place >= first && filter.counts(firstRow + place) {
                found.append(Neighbour(row: firstRow + place, similarity: product))
            }
        }
        return found
    }
}
