internal import UnmaskRuntime

/// Approximate search by signs: those rows whose estimates are best (`BitRows`) are looked at as an exact search looks at all.
/// What it finds has the similarities of an exact search; it may miss some.
///
/// Rows of the shard that is not full are all looked at.
struct BitSearch: Sendable {
    let store: VectorStore
    let engine: Engine
    /// Looked at for each query of ten neighbours.
    let candidates: Int
    private let rotation: RandomRotation

    /// Throws `invalidRequest` where the index keeps no bits.
    ///
    /// - Parameter candidates: nil: as many as reached the recall that was wanted.
    init(_ store: VectorStore, candidates: Int? = nil, engine: Engine) throws(IndexError) {
        guard let bits = store.manifest.bits else {
            throw IndexError(
                .invalidRequest, store.path,
                "it keeps no bits: unmask index approximate \(store.path) --kind bits makes them")
        }
        guard let candidates = candidates ?? bits.reached?.effort else {
            throw IndexError(
                .invalidRequest, store.path,
                "it is not known how many candidates a search by its bits needs: "
                    + "unmask index approximate \(store.path) --kind bits measures it")
        }
        (self.store, self.engine, self.candidates) = (store, engine, candidates)
        rotation = RandomRotation(width: store.dimension)
    }

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
        // One more than the usual ten is the query itself, where that is a row.
        let most = max(candidates, candidates * (limit - 1) / Recall.neighbours)
        let rows = try estimated(query, most, filter)
        let looked = try RoundedCandidates(store, rows, query, engine)
        var best = BestRows(limit: limit)
        for found in try Refinement(store: store, engine: engine).nearest(query, limit, of: looked, most: .max) ?? [] {
            best.offer(found.row, found.similarity)
        }
        for found in try store.products(from: store.fullRows, with: query, filter, engine) {
            best.offer(found.row, found.similarity)
        }
        return best.rows
    }

    /// The rows of full shards whose estimates are best, of those that count.
    private func estimated(_ query: [Float], _ most: Int, _ filter: RowFilter) throws -> [Int] {
        let (width, words) = (store.dimension, BitRows.words(dimension: store.dimension))
        let turned = rotation.turned(query)
        let shards = store.shards.filter { $0.bits != nil }
        let rows = store.manifest.shardRows
        let estimates = UnsafeMutableBufferPointer<Float>.allocate(capacity: max(1, shards.count * rows))
        let planes = UnsafeMutableBufferPointer<UInt64>.allocate(capacity: max(1, shards.count * 4 * words))
        defer {
            estimates.deallocate()
            planes.deallocate()
        }
        guard let results = estimates.baseAddress, let codes = planes.baseAddress else { return [] }
        var parts: [SignRows] = []
        for (number, shard) in shards.enumerated() {
            shard.bits?.withBytes { bytes in
                guard let start = bytes.baseAddress else { return }
                let factors = (start + rows * words * 8).assumingMemoryBound(to: Float.self)
                let seen = BitQuery(turned, mean: factors + 2 * rows)
                let place = codes + number * 4 * words
                place.initialize(from: seen.planes, count: 4 * words)
                parts.append(
                    SignRows(
                        count: rows, bits: start.assumingMemoryBound(to: UInt64.self), factors: factors,
                        offsets: factors + rows, planes: place, base: seen.base, unit: seen.unit,
                        estimates: results + number * rows))
            }
        }
        engine.estimate(parts, width: width)
        for shard in shards { try shard.bits?.checkUnchanged() }
        var best = BestEstimates(limit: most)
        for row in 0..<shards.count * rows where results[row] > best.threshold && filter.counts(row) {
            best.offer(row, results[row])
        }
        return best.rows
    }
}
