internal import UnmaskGraph

/// A weight [N, K] in numbers of 2, 4 or 8 bits, each row cut into blocks of one scale and zero point: the constants of
/// onnxruntime's MatMulNBits.
struct BlockQuantisedWeight {
    private let rows, columns, bits, block: Int
    /// Blocks of a row.
    private let blocks: Int
    private let packed: Tensor
    private let scales: [Float]
    private let zeros: [Float]

    init(_ node: NodeImport) throws(NodeProblem) {
        rows = try node.requiredInt("N", in: .positive)
        columns = try node.requiredInt("K", in: .positive)
        bits = try node.int("bits", default: 4, in: .positive)
        block = try node.requiredInt("block_size", in: .positive)
        guard [2, 4, 8].contains(bits) else { throw .unsupported("\(bits) bits") }
        blocks = (columns - 1) / block + 1
        let bytes = (block * bits - 1) / 8 + 1
        guard let packed = node.importer.graph.constants[try node.operand(1)] else {
            throw .unsupported("a weight that is computed")
        }
        let count = Tensor.byteCount(shape: [rows, blocks, bytes], type: .u8)
        guard packed.type == .u8, packed.count == count, block * bits % 8 == 0 else {
            throw .invalid(
                "its weight is \(packed.shape) of \(packed.type.rawValue), not [\(rows), \(blocks), \(bytes)] of u8")
        }
        self.packed = packed
        guard let scales = node.importer.graph.constants[try node.operand(2)], scales.type.isFloatingPoint,
            scales.count == rows * blocks
        else { throw .invalid("its scales are not \(rows * blocks) constants") }
        self.scales = scales.widened()
        zeros = try BlockQuantisedWeight.zeros(node, rows: rows, blocks: blocks, bits: bits)
    }

    /// Packed as the weight is, row by row, or of the scales' type; without any the middle of the range.
    private static func zeros(_ node: NodeImport, rows: Int, blocks: Int, bits: Int) throws(NodeProblem) -> [Float] {
        guard node.has(3) else { return Array(repeating: Float(1 << (bits - 1)), count: rows * blocks) }
        guard let tensor = node.importer.graph.constants[try node.operand(3)] else {
            throw .unsupported("zero points that are computed")
        }
        if tensor.type.isFloatingPoint {
            guard tensor.count == rows * blocks else { throw .invalid("\(tensor.count) zero points") }
            return tensor.widened()
        }
        let bytes = (blocks * bits - 1) / 8 + 1
        guard tensor.type == .u8, tensor.count == rows * bytes else { throw .invalid("\(tensor.count) zero points") }
        return tensor.withBytes { packed in
            (0..<rows).flatMap { row in
                (0..<blocks).map { Float(number($0, in: packed, from: row * bytes, bits: bits)) }
            }
        }
    }

    /// A number of a few bits, the first in a byte's lowest.
    private static func number(_ index: Int, in bytes: UnsafeRawBufferPointer, from start: Int, bits: Int) -> UInt8 {
        let place = index * bits
        return bytes[start + place / 8] >> UInt8(place % 8) & UInt8(truncatingIfNeeded: 1 << bits - 1)
    }

    /// The numbers that the weight stands for, [N, K].
    func tensor(_ node: NodeImport) throws(NodeProblem) -> Tensor {
        guard Tensor.byteCount(shape: [rows, columns], type: .f32) != nil else {
            throw .invalid("its weight is too large")
        }
        let stride = block * bits / 8
        let numbers = packed.withBytes { bytes in
            [Float](unsafeUninitializedCapacity: rows * columns) { numbers, count in
                for row in 0..<rows {
                    for column in 0..<columns {
                        let group = row * blocks + column / block
                        let number = Self.number(column % block, in: bytes, from: group * stride, bits: bits)
                        numbers[row * columns + column] = (Float(number) - zeros[group]) * scales[group]
                    }
                }
                count = rows * columns
            }
        }
        return Tensor(numbers, shape: [rows, columns])
    }
}
