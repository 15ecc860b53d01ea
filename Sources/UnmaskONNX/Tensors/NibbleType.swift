internal import UnmaskGraph

/// Integers of 4 bits, two in a byte, the first in its lower half. They are read as integers of 8 bits, which hold the same
/// numbers.
enum NibbleType {
    case signed, unsigned

    init?(onnx number: Int32) {
        switch TensorProto.DataType(rawValue: Int(number)) {
        case .int4: self = .signed
        case .uint4: self = .unsigned
        default: return nil
        }
    }

    /// - Parameter read: reads a tensor of bytes.
    func widened(
        _ proto: TensorProto, named name: String, file: String,
        read: (TensorProto) throws(ONNXError) -> Tensor
    ) throws(ONNXError) -> Tensor {
        let shape = proto.dims.map(Int.init)
        guard let count = Tensor.byteCount(shape: shape, type: .u8) else {
            throw ONNXError(
                .tensorInvalid, file: file,
                "tensor \(quoted(name)): its shape \(shape) is negative somewhere, or too large to be counted")
        }
        var packed = proto
        packed.dataType = Int32(TensorProto.DataType.uint8.rawValue)
        packed.dims = [Int64(count / 2 + count % 2)]
        let numbers = try read(packed).withBytes { bytes in
            (0..<count).map { index -> UInt8 in
                let nibble = bytes[index / 2] >> UInt8(index % 2 * 4) & 15
                return self == .signed && nibble > 7 ? nibble | 0xF0 : nibble
            }
        }
        guard let tensor = Tensor(shape: shape, type: self == .signed ? .i8 : .u8, contents: .owned(numbers)) else {
            throw ONNXError(.tensorInvalid, file: file, "tensor \(quoted(name)): its shape does not fit its elements")
        }
        return tensor
    }
}
