/// A number or truth value as it is held while a graph runs.
protocol Element: Comparable, BitwiseCopyable, Sendable {
    /// What it becomes as another type: floating-point numbers are cut towards zero and kept in range, integers wrap.
    init(truncating number: Float)
    init(wrapping integer: some BinaryInteger)
    func converted<T: Element>(to type: T.Type) -> T

    // Integers wrap around; a division by 0 gives 0.
    static func sum(_ a: Self, _ b: Self) -> Self
    static func difference(_ a: Self, _ b: Self) -> Self
    static func product(_ a: Self, _ b: Self) -> Self
    static func quotient(_ a: Self, _ b: Self) -> Self
    /// With the dividend's sign.
    static func remainder(_ a: Self, _ b: Self) -> Self
    static func power(_ a: Self, _ b: Float) -> Self
    /// A NaN on either side is the result.
    static func lesser(_ a: Self, _ b: Self) -> Self
    static func greater(_ a: Self, _ b: Self) -> Self
    static var lowest: Self { get }
    static var highest: Self { get }
}

extension Element {
    static func lesser(_ a: Self, _ b: Self) -> Self { b < a ? b : a }
    static func greater(_ a: Self, _ b: Self) -> Self { b > a ? b : a }
    static var zero: Self { Self(wrapping: 0) }
    static var one: Self { Self(wrapping: 1) }
}

extension Float: Element {
    init(truncating number: Float) { self = number }
    init(wrapping integer: some BinaryInteger) { self = Float(integer) }
    func converted<T: Element>(to type: T.Type) -> T { T(truncating: self) }

    static func sum(_ a: Float, _ b: Float) -> Float { a + b }
    static func difference(_ a: Float, _ b: Float) -> Float { a - b }
    static func product(_ a: Float, _ b: Float) -> Float { a * b }
    static func quotient(_ a: Float, _ b: Float) -> Float { a / b }
    static func remainder(_ a: Float, _ b: Float) -> Float { a.truncatingRemainder(dividingBy: b) }
    static func power(_ a: Float, _ b: Float) -> Float { powf(a, b) }
    static func lesser(_ a: Float, _ b: Float) -> Float { a < b || a.isNaN ? a : b }
    static func greater(_ a: Float, _ b: Float) -> Float { a > b || a.isNaN ? a : b }
    static var lowest: Float { -.infinity }
    static var highest: Float { .infinity }
}

extension Element where Self: FixedWidthInteger {
    init(truncating number: Float) {
        if number.isNaN {
            self = 0
        } else {
            self = Self(exactly: number.rounded(.towardZero)) ?? (number < 0 ? .min : .max)
        }
    }
    init(wrapping integer: some BinaryInteger) { self = Self(truncatingIfNeeded: integer) }
    func converted<T: Element>(to type: T.Type) -> T { T(wrapping: self) }

    static func sum(_ a: Self, _ b: Self) -> Self { a &+ b }
    static func difference(_ a: Self, _ b: Self) -> Self { a &- b }
    static func product(_ a: Self, _ b: Self) -> Self { a &* b }
    static func quotient(_ a: Self, _ b: Self) -> Self { b == 0 ? 0 : a.dividedReportingOverflow(by: b).partialValue }
    static func remainder(_ a: Self, _ b: Self) -> Self {
        b == 0 ? 0 : a.remainderReportingOverflow(dividingBy: b).partialValue
    }
    /// Exact for whole exponents that are not negative.
    static func power(_ a: Self, _ b: Float) -> Self {
        guard b >= 0, b == b.rounded(), var exponent = Int(exactly: b) else {
            return Self(truncating: powf(Float(a), b))
        }
        var (result, square) = (Self(1), a)
        while exponent > 0 {
            if exponent & 1 == 1 { result = result &* square }
            square = square &* square
            exponent >>= 1
        }
        return result
    }
    static var lowest: Self { .min }
    static var highest: Self { .max }
}

extension Int8: Element {}
extension UInt8: Element {}
extension Int16: Element {}
extension UInt16: Element {}
extension Int32: Element {}
extension UInt32: Element {}
extension Int64: Element {}
extension UInt64: Element {}

/// A truth value in a byte, true where that is not 0.
struct Truth: Element {
    let byte: UInt8

    init(_ isTrue: Bool) { byte = isTrue ? 1 : 0 }
    init(truncating number: Float) { self.init(number != 0) }
    init(wrapping integer: some BinaryInteger) { self.init(integer != 0) }
    var isTrue: Bool { byte != 0 }
    func converted<T: Element>(to type: T.Type) -> T { T(wrapping: isTrue ? 1 : 0) }

    static func == (a: Truth, b: Truth) -> Bool { a.isTrue == b.isTrue }
    static func < (a: Truth, b: Truth) -> Bool { !a.isTrue && b.isTrue }
    static func sum(_ a: Truth, _ b: Truth) -> Truth { Truth(a.isTrue || b.isTrue) }
    static func difference(_ a: Truth, _ b: Truth) -> Truth { Truth(a.isTrue != b.isTrue) }
    static func product(_ a: Truth, _ b: Truth) -> Truth { Truth(a.isTrue && b.isTrue) }
    static func quotient(_ a: Truth, _ b: Truth) -> Truth { a }
    static func remainder(_ a: Truth, _ b: Truth) -> Truth { Truth(false) }
    static func power(_ a: Truth, _ b: Float) -> Truth { Truth(a.isTrue || b == 0) }
    static var lowest: Truth { Truth(false) }
    static var highest: Truth { Truth(true) }
}

extension ElementType {
    /// The Swift type of its elements at run time.
    var element: any Element.Type {
        switch self {
        case .f32, .f16, .bf16, .f64: Float.self
        case .i8: Int8.self
        case .u8: UInt8.self
        case .i16: Int16.self
        case .u16: UInt16.self
        case .i32: Int32.self
        case .u32: UInt32.self
        case .i64: Int64.self
        case .u64: UInt64.self
        case .bool: Truth.self
        }
    }
}

/// An array of i32 or i64 numbers, such as indices, read as Int.
struct IndexReader {
    private let base: UnsafeMutableRawPointer
    private let wide: Bool
    let count: Int

    init(_ array: ArrayView) {
        base = array.base
        wide = array.type == .i64
        count = array.count
    }

    subscript(index: Int) -> Int {
        wide
            ? Int(base.load(fromByteOffset: index &* 8, as: Int64.self))
            : Int(base.load(fromByteOffset: index &* 4, as: Int32.self))
    }

    var all: [Int] { (0..<count).map { self[$0] } }
}
