internal import UnmaskRuntime

extension VectorStore {
    /// Multiplies rows with others, some at a time: as below.
    func forEachProduct(
        with others: Range<Int>, from row: Int, _ engine: Engine,
        _ body: (Int, UnsafeBufferPointer<Float>) throws -> Void
    ) throws {
        let vectors = try others.flatMap { try vector(ofRow: $0) }
        try forEachProduct(with: PackedVectors(vectors, width: dimension, engine: engine), from: row, body)
    }

    /// Multiplies rows with the vectors, some rows at a time.
    ///
    /// - Parameters:
    ///   - row: the first that matters; a few before it may be among them.
    ///   - body: is given the number of the first row, and [rows, vectors] products.
    func forEachProduct(
        with packed: PackedVectors, from row: Int = 0, _ body: (Int, UnsafeBufferPointer<Float>) throws -> Void
    ) throws {
        let most = max(1, min(2048, (1 << 22) / packed.count))
        let products = UnsafeMutableBufferPointer<Float>.allocate(capacity: most * packed.count)
        defer { products.deallocate() }
        for shard in shards where shard.firstRow + shard.rows > row {
            for start in stride(from: 0, to: shard.rows, by: most) {
                let count = min(most, shard.rows - start)
                guard shard.firstRow + start + count > row else { continue }
                try shard.vectors.withBytes { bytes in
                    guard let rows = bytes.baseAddress, let target = products.baseAddress else { return }
                    let numbers = rows.assumingMemoryBound(to: Float.self) + start * dimension
                    try packed.multiply(numbers, rowCount: count, into: target)
                }
                try shard.vectors.checkUnchanged()
                try body(shard.firstRow + start, UnsafeBufferPointer(rebasing: products[..<(count * packed.count)]))
            }
            shard.vectors.release()
        }
    }
}

/// Reads single rows, and multiplies them with one vector.
struct RowReader {
    private let store: VectorStore
    private let packed: PackedVectors

    init(_ store: VectorStore, _ query: [Float], _ engine: Engine) throws {
        self.store = store
        packed = try PackedVectors(query, width: store.dimension, engine: engine)
    }

    /// Calls `body` with each row's product.
    func read(_ rows: [Int], _ body: (Int, Float) -> Void) throws {
        let (width, most) = (store.dimension, 1024)
        for start in stride(from: 0, to: rows.count, by: most) {
            let some = rows[start..<min(start + most, rows.count)]
            var gathered: [Float] = []
            gathered.reserveCapacity(some.count * width)
            for row in some { gathered += try store.vector(ofRow: row) }
            let products = try packed.products(with: gathered)
            for (row, product) in zip(some, products) { body(row, product) }
        }
    }
}

extension PackedVectors {
    /// [rows, vectors] products of rows, [rows, width].
    func products(with rows: [Float]) throws(RuntimeError) -> [Float] {
        let rowCount = rows.count / width
        let result: Result<[Float], RuntimeError> = rows.withUnsafeBufferPointer { numbers in
            var products = [Float](repeating: 0, count: rowCount * count)
            let done: Result<Void, RuntimeError> = products.withUnsafeMutableBufferPointer { target in
                guard let from = numbers.baseAddress, let to = target.baseAddress else { return .success(()) }
                return Result { () throws(RuntimeError) in try multiply(from, rowCount: rowCount, into: to) }
            }
            return done.map { products }
        }
        return try result.get()
    }
}
