internal import UnmaskRuntime

/// What says of rows how similar they are to a query, and how far from that the true similarity may be.
protocol BoundedSimilarities {
    /// Calls `body` with rows, their similarity and its bound.
    func forEach(_ body: (Int, Float, Float) -> Void)
}

/// What rounded rows say of some rows and one query.
struct RoundedCandidates: BoundedSimilarities {
    private let rows: [Int]
    private let similarities: [Float]
    private let bounds: [Float]

    /// - Parameter rows: of full shards.
    init(_ store: VectorStore, _ rows: [Int], _ query: [Float], _ engine: Engine) throws(IndexError) {
        let (width, shardRows) = (store.dimension, store.manifest.shardRows)
        let query = RoundedQuery(query)
        var gathered = [Int8](repeating: 0, count: rows.count * width)
        var (scales, bounds) = ([Float](), [Float]())
        for (place, row) in rows.enumerated() {
            let shard = store.shards[row / shardRows]
            guard let rounded = shard.rounded else { continue }
            rounded.withBytes { bytes in
                let first = (row - shard.firstRow) * width
                gathered.withUnsafeMutableBytes {
                    $0[(place * width)..<((place + 1) * width)].copyBytes(from: bytes[first..<first + width])
                }
                let numbers = UnsafeRawBufferPointer(rebasing: bytes[(shardRows * width)...]).bindMemory(to: Float.self)
                scales.append(numbers[row - shard.firstRow] * query.scale)
                bounds.append(query.bound(rowLost: numbers[shardRows + row - shard.firstRow]))
            }
        }
        for shard in store.shards { try shard.rounded?.checkUnchanged() }
        var sums = [Int32](repeating: 0, count: rows.count)
        gathered.withUnsafeBufferPointer { numbers in
            sums.withUnsafeMutableBufferPointer { sums in
                guard let from = numbers.baseAddress, let to = sums.baseAddress else { return }
                engine.dot(from, count: rows.count, width: width, with: query.whole, into: to, stride: rows.count)
            }
        }
        self.rows = rows
        similarities = zip(sums, scales).map { Float($0) * $1 }
        self.bounds = bounds
    }

    func forEach(_ body: (Int, Float, Float) -> Void) {
        for (place, row) in rows.enumerated() { body(row, similarities[place], bounds[place]) }
    }
}
