/// What is known of a value before the graph runs.
public struct Fact: Sendable, Equatable {
    public var shape: Shape
    public var type: ElementType
    /// The numbers themselves, where they are integers or truth values that shape arithmetic may need.
    public var integers: IntegerArray?
    /// The numbers themselves, where they are few and floating-point: exporters compute sizes through them.
    public var floats: FloatArray?

    public init(shape: Shape, type: ElementType, integers: IntegerArray? = nil, floats: FloatArray? = nil) {
        self.shape = shape
        self.type = type
        self.integers = integers
        self.floats = floats
    }
}

extension Fact {
    /// More numbers than any shape arithmetic has are data.
    static let mostIntegers = 4096
    static let mostFloats = 64
}

extension Tensor {
    /// A small tensor of integers or truth values as numbers; nil for others.
    var integers: IntegerArray? {
        guard !type.isFloatingPoint, count <= Fact.mostIntegers else { return nil }
        let numbers: [Int] = withBytes { bytes in
            (0..<count).map { index in
                let at = index * type.byteCount
                return switch type {
                case .i8: Int(bytes.loadUnaligned(fromByteOffset: at, as: Int8.self))
                case .u8, .bool: Int(bytes.loadUnaligned(fromByteOffset: at, as: UInt8.self))
                case .i16: Int(bytes.loadUnaligned(fromByteOffset: at, as: Int16.self))
                case .u16: Int(bytes.loadUnaligned(fromByteOffset: at, as: UInt16.self))
                case .i32: Int(bytes.loadUnaligned(fromByteOffset: at, as: Int32.self))
                case .u32: Int(bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self))
                case .i64: Int(bytes.loadUnaligned(fromByteOffset: at, as: Int64.self))
                case .u64: Int(clamping: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
                case .f32, .f16, .bf16, .f64: 0
                }
            }
        }
        return IntegerArray(shape: shape, elements: numbers.map(Dimension.fixed))
    }

    /// A small floating-point tensor as numbers; nil for others.
    var floats: FloatArray? {
        guard type.isFloatingPoint, count <= Fact.mostFloats else { return nil }
        return FloatArray(shape: shape, elements: widened())
    }

    /// A floating-point tensor's numbers as float32.
    public func widened() -> [Float] {
        withBytes { bytes in
            (0..<count).map { index in
                let at = index * type.byteCount
                return switch type {
                case .f64: Float(bytes.loadUnaligned(fromByteOffset: at, as: Double.self))
                case .f16: Float(bytes.loadUnaligned(fromByteOffset: at, as: Float16.self))
                case .bf16: Float(bitPattern: UInt32(bytes.loadUnaligned(fromByteOffset: at, as: UInt16.self)) << 16)
                default: bytes.loadUnaligned(fromByteOffset: at, as: Float.self)
                }
            }
        }
    }
}
