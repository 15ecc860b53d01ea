internal import UnmaskGraph

extension ElementType {
    /// The type of that number in the format; nil for those that are not read.
    init?(onnx number: Int32) {
        guard let type = TensorProto.DataType(rawValue: Int(number)) else { return nil }
        switch type {
        case .float: self = .f32
        case .float16: self = .f16
        case .bfloat16: self = .bf16
        case .double: self = .f64
        case .int8: self = .i8
        case .uint8: self = .u8
        case .int16: self = .i16
        case .uint16: self = .u16
        case .int32: self = .i32
        case .uint32: self = .u32
        case .int64: self = .i64
        case .uint64: self = .u64
        case .bool: self = .bool
        default: return nil
        }
    }

    /// The format's name for a type, for messages.
    static func onnxName(_ number: Int32) -> String {
        TensorProto.DataType(rawValue: Int(number)).map { "\($0)".uppercased() } ?? "number \(number)"
    }
}
