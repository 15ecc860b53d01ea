public import UnmaskGraph

/// What a session is given: numbers of the input's type, row-major.
public enum InputArray: Sendable {
    case u8([UInt8])
    case f32([Float])
    case i32([Int32])
    case i64([Int64])
    /// Elements of any type as bytes, as they lie in memory; truth values take a byte each.
    case bytes([UInt8], ElementType)

    public var type: ElementType {
        switch self {
        case .u8: .u8
        case .f32: .f32
        case .i32: .i32
        case .i64: .i64
        case .bytes(_, let type): type
        }
    }

    func withBytes<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
        switch self {
        case .u8(let values): values.withUnsafeBytes(body)
        case .f32(let values): values.withUnsafeBytes(body)
        case .i32(let values): values.withUnsafeBytes(body)
        case .i64(let values): values.withUnsafeBytes(body)
        case .bytes(let values, _): values.withUnsafeBytes(body)
        }
    }
}

/// What a session answers: float32 numbers, row-major.
public struct OutputArray: Sendable {
    public let shape: [Int]
    public let values: [Float]

    public init(shape: [Int], values: [Float]) {
        self.shape = shape
        self.values = values
    }

    /// The part that belongs to one image of the batch.
    public subscript(image: Int) -> ArraySlice<Float> {
        let size = shape.dropFirst().reduce(1, *)
        return values[image * size..<(image + 1) * size]
    }
}
