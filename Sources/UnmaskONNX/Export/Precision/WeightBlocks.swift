/// A matrix [n, k] in blocks of a row, each of which has a scale: `MatMulNBits` of onnxruntime's contributed operators
/// (github.com/microsoft/onnxruntime, docs/ContribOperators.md). A level of b bits stands for
/// scale · (level - 2^(b - 1)); two levels of 4 bits share a byte, the first one low. A last block is filled up with zeros.
struct WeightBlocks {
    static let domain = "com.microsoft"
    /// Numbers of a block.
    static let size = 32
    /// Activations rounded to 8 bits by blocks as they come, which processors with 8-bit products are faster with.
    static let accuracyLevel = 4

    /// 4 or 8.
    let bits: Int
    let rows: Int
    let width: Int

    var perRow: Int { (width + Self.size - 1) / Self.size }
    var bytesOfABlock: Int { Self.size * bits / 8 }
    /// What stands for 0.
    private var middle: Int { 1 << (bits - 1) }

    /// Block after block: the largest magnitude, with its sign, is the lowest level, which lies one further from the middle
    /// than the highest does.
    func scales(of numbers: [Float]) -> [Float] {
        (0..<rows * perRow).map { block in
            let extreme = numbers[range(of: block)].reduce(Float(0)) { abs($1) > abs($0) ? $1 : $0 }
            let scale = extreme / -Float(middle)
            return scale.isNormal ? scale : 0
        }
    }

    /// The levels as bytes [n, blocks, block's bytes].
    func packed(_ numbers: [Float], scales: [Float]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(rows * perRow * bytesOfABlock)
        for (block, scale) in scales.enumerated() {
            var levels = numbers[range(of: block)].map { number in
                guard scale != 0 else { return UInt8(middle) }
                let level = (number / scale).rounded(.toNearestOrEven) + Float(middle)
                return UInt8(min(max(level, 0), Float(2 * middle - 1)))
            }
            levels += Array(repeating: UInt8(middle), count: Self.size - levels.count)
            bytes += bits == 8 ? levels : stride(from: 0, to: Self.size, by: 2).map { levels[$0] | levels[$0 + 1] << 4 }
        }
        return bytes
    }

    /// The places of a block in the matrix.
    private func range(of block: Int) -> Range<Int> {
        let (row, place) = (block / perRow, block % perRow * Self.size)
        return row * width + place..<row * width + min(place + Self.size, width)
    }
}
