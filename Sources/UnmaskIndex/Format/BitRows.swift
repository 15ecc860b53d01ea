/// A full shard's rows as signs, for a scan of a thirtieth of the bytes (Gao and Long 2024, "RaBitQ"): rows are turned
/// (`RandomRotation`), their mean is taken away, and of what is left the signs are kept.
///
/// uint64 [rows, ⌈dimension / 64⌉], of which bit i % 64 of word i / 64 is set where number i is positive; then two float32 for
/// each row, first all of the one, then all of the other: its factor |rest|² / Σ |rest[i]|, and the product of the rest with the
/// mean; then the mean, float32 [dimension].
///
/// The product of a row and a query is estimated, without bias, as factor · Σ sign[i] · (query - mean)[i] + the row's product with
/// the mean + the query's product with the mean, the query turned as rows are.
enum BitRows {
    static func words(dimension: Int) -> Int { (dimension + 63) / 64 }

    static func byteCount(rows: Int, dimension: Int) -> Int {
        rows * (words(dimension: dimension) * 8 + 8) + dimension * 4
    }

    /// - Parameter vectors: [rows, dimension].
    static func bytes(of vectors: [Float], dimension: Int) -> [UInt8] {
        let (rows, words) = (vectors.count / dimension, words(dimension: dimension))
        let rotation = RandomRotation(width: dimension)
        var turned = vectors
        var sums = [Double](repeating: 0, count: dimension)
        turned.withUnsafeMutableBufferPointer { numbers in
            guard let start = numbers.baseAddress else { return }
            for row in 0..<rows {
                rotation.turn(start + row * dimension)
                for place in 0..<dimension { sums[place] += Double(start[row * dimension + place]) }
            }
        }
        let mean = sums.map { Float($0 / Double(max(1, rows))) }
        var bytes = [UInt8](repeating: 0, count: byteCount(rows: rows, dimension: dimension))
        bytes.withUnsafeMutableBytes { raw in
            let factors = rows * words * 8
            for row in 0..<rows {
                var (squares, magnitudes, product, bits) = (0.0, 0.0, 0.0, UInt64(0))
                for place in 0..<dimension {
                    let rest = turned[row * dimension + place] - mean[place]
                    squares += Double(rest) * Double(rest)
                    magnitudes += Double(rest.magnitude)
                    product += Double(rest) * Double(mean[place])
                    if rest > 0 { bits |= 1 << UInt64(place % 64) }
                    guard place % 64 == 63 || place == dimension - 1 else { continue }
                    raw.storeBytes(
                        of: bits.littleEndian, toByteOffset: (row * words + place / 64) * 8, as: UInt64.self)
                    bits = 0
                }
                let factor = magnitudes > 0 ? squares / magnitudes : 0
                raw.store(Float(factor), at: factors + row * 4)
                raw.store(Float(product), at: factors + (rows + row) * 4)
            }
            for (place, number) in mean.enumerated() { raw.store(number, at: factors + rows * 8 + place * 4) }
        }
        return bytes
    }

    /// Writes the file of a shard.
    static func write(
        _ vectors: [Float], dimension: Int, shard: Int, _ folder: IndexFolder
    ) throws(IndexError) -> Manifest.Extent {
        let bytes = bytes(of: vectors, dimension: dimension)
        try writeWhole(bytes, to: folder.file(IndexFiles.bits(shard)))
        return bytes.withUnsafeBytes { Manifest.Extent($0) }
    }
}

extension UnsafeMutableRawBufferPointer {
    fileprivate func store(_ number: Float, at offset: Int) {
        storeBytes(of: number.bitPattern.littleEndian, toByteOffset: offset, as: UInt32.self)
    }
}
