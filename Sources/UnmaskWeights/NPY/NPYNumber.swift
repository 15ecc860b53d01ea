public import UnmaskGraph

/// A number that NumPy arrays can be written of.
public protocol NPYNumber: BitwiseCopyable {
    static var elementType: ElementType { get }
}

extension Float: NPYNumber { public static var elementType: ElementType { .f32 } }
extension Double: NPYNumber { public static var elementType: ElementType { .f64 } }
extension UInt8: NPYNumber { public static var elementType: ElementType { .u8 } }
extension Int8: NPYNumber { public static var elementType: ElementType { .i8 } }
extension Int32: NPYNumber { public static var elementType: ElementType { .i32 } }
extension Int64: NPYNumber { public static var elementType: ElementType { .i64 } }
