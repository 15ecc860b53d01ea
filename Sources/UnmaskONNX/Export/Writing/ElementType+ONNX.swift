internal import UnmaskGraph

extension ElementType {
    /// The format's number for the type.
    var onnxType: TensorProto.DataType {
        switch self {
        case .f32: .float
        case .f16: .float16
        case .bf16: .bfloat16
        case .f64: .double
        case .i8: .int8
        case .u8: .uint8
        case .i16: .int16
        case .u16: .uint16
        case .i32: .int32
        case .u32: .uint32
        case .i64: .int64
        case .u64: .uint64
        case .bool: .bool
        }
    }
}
