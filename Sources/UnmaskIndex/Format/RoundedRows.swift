/// A full shard's rows rounded to whole numbers of -127…127, for scanning: int8 [rows, dimension], then a float32 scale for
/// each row, by which they are multiplied, then for each row a float32 that is at least the length of what rounding took:
/// |row - scale · whole|.
enum RoundedRows {
    static func byteCount(rows: Int, dimension: Int) -> Int { rows * (dimension + 8) }

    /// - Parameter vectors: [rows, dimension].
    static func bytes(of vectors: [Float], dimension: Int) -> [UInt8] {
        let rows = vectors.count / dimension
        return [UInt8](unsafeUninitializedCapacity: byteCount(rows: rows, dimension: dimension)) { buffer, filled in
            filled = buffer.count
            let raw = UnsafeMutableRawBufferPointer(buffer)
            for row in 0..<rows {
                let numbers = vectors[row * dimension..<(row + 1) * dimension]
                let scale = numbers.reduce(0) { max($0, abs($1)) } / 127
                var lost = 0.0
                for (place, number) in numbers.enumerated() {
                    let whole = scale > 0 ? max(-127, min(127, (number / scale).rounded(.toNearestOrEven))) : 0
                    raw[row * dimension + place] = UInt8(bitPattern: Int8(whole))
                    let error = Double(number) - Double(scale) * Double(whole)
                    lost += error * error
                }
                let scales = rows * dimension + row * 4
                raw.storeBytes(of: scale.bitPattern.littleEndian, toByteOffset: scales, as: UInt32.self)
                raw.storeBytes(
                    of: Float(lost.squareRoot()).nextUp.bitPattern.littleEndian, toByteOffset: scales + rows * 4,
                    as: UInt32.self)
            }
        }
    }
}
