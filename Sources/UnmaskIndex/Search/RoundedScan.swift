internal import UnmaskRuntime

/// What rounded rows say of a few queries: for every row a similarity, and how far from it the true one may be.
struct RoundedScan {
    /// A shard's part: for each query a similarity of each row, and what each row has lost by rounding.
    private struct Part {
        let firstRow: Int
        let rows: Int
        let similarities: [Float]
        let lost: [Float]
    }

    private let queries: [RoundedQuery]
    private var parts: [Part] = []

    /// - Parameter queries: of the store's dimension.
    init(_ store: VectorStore, _ queries: [[Float]], _ engine: Engine) throws {
        self.queries = queries.map(RoundedQuery.init)
        let whole = self.queries.flatMap(\.whole)
        for shard in store.shards {
            if let rounded = shard.rounded {
                parts.append(scanned(shard, rounded, whole, width: store.dimension, engine))
                try rounded.checkUnchanged()
            } else if shard.rows > 0 {
                parts.append(try multiplied(shard, queries, width: store.dimension, engine))
            }
        }
    }

    private func scanned(
        _ shard: VectorStore.Shard, _ rounded: FileExtent, _ whole: [Int16], width: Int, _ engine: Engine
    ) -> Part {
        let rows = shard.rows
        var sums = [Int32](repeating: 0, count: rows * queries.count)
        return rounded.withBytes { bytes in
            guard let start = bytes.baseAddress else { return Part(firstRow: 0, rows: 0, similarities: [], lost: []) }
            sums.withUnsafeMutableBufferPointer { sums in
                guard let target = sums.baseAddress else { return }
                engine.dot(
                    start.assumingMemoryBound(to: Int8.self), count: rows, width: width, with: whole, into: target,
                    stride: rows)
            }
            let scales = UnsafeRawBufferPointer(rebasing: bytes[(rows * width)...]).bindMemory(to: Float.self)
            let similarities = [Float](unsafeUninitializedCapacity: sums.count) { buffer, filled in
                for (number, query) in queries.enumerated() {
                    for row in 0..<rows {
                        let place = number * rows + row
                        buffer[place] = Float(sums[place]) * scales[row] * query.scale
                    }
                }
                filled = buffer.count
            }
            return Part(firstRow: shard.firstRow, rows: rows, similarities: similarities, lost: Array(scales[rows...]))
        }
    }

    /// Of a shard that has no rounded rows yet.
    private func multiplied(
        _ shard: VectorStore.Shard, _ queries: [[Float]], width: Int, _ engine: Engine
    ) throws -> Part {
        var similarities: [Float] = []
        for query in queries {
            let packed = try PackedVectors(query, width: width, engine: engine)
            var products = [Float](repeating: 0, count: shard.rows)
            try shard.vectors.withBytes { bytes in
                try products.withUnsafeMutableBufferPointer { target in
                    guard let from = bytes.baseAddress, let to = target.baseAddress else { return }
                    try packed.multiply(from.assumingMemoryBound(to: Float.self), rowCount: shard.rows, into: to)
                }
            }
            similarities += products
        }
        let nothing = [Float](repeating: 0, count: shard.rows)
        return Part(firstRow: shard.firstRow, rows: shard.rows, similarities: similarities, lost: nothing)
    }

    /// What is said of one of the queries, of the rows that count.
    struct Query: BoundedSimilarities {
        let scan: RoundedScan
        let number: Int
        let filter: RowFilter

        func forEach(_ body: (Int, Float, Float) -> Void) {
            let query = scan.queries[number]
            for part in scan.parts {
                for row in 0..<part.rows where filter.counts(part.firstRow + row) {
                    let similarity = part.similarities[number * part.rows + row]
                    body(part.firstRow + row, similarity, query.bound(rowLost: part.lost[row]))
                }
            }
        }
    }
}
