/// What is known of a value before the graph runs.
public struct Fact: Sendable, Equatable {
    public var shape: Shape
    public var type: ElementType
    /// The numbers themselves, where they are integers or truth values that shape arithmetic may need.
    public var integers: IntegerArray?

    public init(shape: Shape, type: ElementType, integers: IntegerArray? = nil) {
        self.shape = shape
        self.type = type
        self.integers = integers
    }
}

extension Tensor {
    /// More numbers than any shape arithmetic has are data.
    private static let mostIntegers = 4096

    /// A small tensor of integers or truth values as numbers; nil for others.
    var integers: IntegerArray? {
        guard !type.isFloatingPoint, count <= Tensor.mostIntegers else { return nil }
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
}
