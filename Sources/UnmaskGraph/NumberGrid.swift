/// The grid of numbers that float32 numbers are rounded to: (whole - zeroPoint) · scale, whole being what the type holds.
public struct NumberGrid: Sendable, Hashable {
    public let scale: Float
    public let zeroPoint: Int
    /// Of 8 or 16 bits.
    public let type: ElementType

    /// Nil for types of other sizes, a zero point that the type does not hold, and scales that are not positive, finite and
    /// normal.
    public init?(scale: Float, zeroPoint: Int, type: ElementType) {
        self.scale = scale
        self.zeroPoint = zeroPoint
        self.type = type
        guard let range = type.wholeRange, range.contains(zeroPoint), scale.isNormal, scale > 0 else { return nil }
    }

    /// The whole numbers that there are.
    public var range: ClosedRange<Int> { type.wholeRange ?? 0...0 }
}

extension ElementType {
    /// What numbers of 8 and 16 bits can be.
    fileprivate var wholeRange: ClosedRange<Int>? {
        switch self {
        case .i8: -128...127
        case .u8: 0...255
        case .i16: -32768...32767
        case .u16: 0...65535
        default: nil
        }
    }
}
