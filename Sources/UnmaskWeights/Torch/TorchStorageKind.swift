import UnmaskGraph

/// The element type of a storage, by the class that torch names for it.
enum TorchStorageKind: Equatable {
    case elements(ElementType)
    /// Known only by its size: complex and quantized numbers.
    case opaque(byteCount: Int)

    /// `name` is a class such as `torch.FloatStorage`; nil where it is no storage class.
    init?(className name: String) {
        let module = name.prefix { $0 != "." }
        guard module == "torch", name.hasSuffix("Storage") else { return nil }
        switch name.split(separator: ".").last {
        case "FloatStorage": self = .elements(.f32)
        case "DoubleStorage": self = .elements(.f64)
        case "HalfStorage": self = .elements(.f16)
        case "BFloat16Storage": self = .elements(.bf16)
        case "CharStorage": self = .elements(.i8)
        case "ByteStorage", "UntypedStorage": self = .elements(.u8)
        case "ShortStorage": self = .elements(.i16)
        case "IntStorage": self = .elements(.i32)
        case "LongStorage": self = .elements(.i64)
        case "BoolStorage": self = .elements(.bool)
        case "ComplexFloatStorage": self = .opaque(byteCount: 8)
        case "ComplexDoubleStorage": self = .opaque(byteCount: 16)
        case "QInt8Storage", "QUInt8Storage", "QUInt4x2Storage", "QUInt2x4Storage": self = .opaque(byteCount: 1)
        case "QInt32Storage": self = .opaque(byteCount: 4)
        default: return nil
        }
    }

    /// The size of one element.
    var byteCount: Int {
        switch self {
        case .elements(let type): type.byteCount
        case .opaque(let byteCount): byteCount
        }
    }

    /// The element type that torch calls `torch.float32` and so on; nil where there is none here.
    static func elementType(dtype: String) -> ElementType? {
        switch dtype {
        case "torch.float32": .f32
        case "torch.float64": .f64
        case "torch.float16": .f16
        case "torch.bfloat16": .bf16
        case "torch.int8": .i8
        case "torch.uint8": .u8
        case "torch.int16": .i16
        case "torch.uint16": .u16
        case "torch.int32": .i32
        case "torch.uint32": .u32
        case "torch.int64": .i64
        case "torch.uint64": .u64
        case "torch.bool": .bool
        default: nil
        }
    }
}
