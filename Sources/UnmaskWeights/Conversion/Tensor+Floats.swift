public import UnmaskGraph

extension Tensor {
    /// All elements as float32, rounded to nearest even where they are float64; nil where they are not floating-point.
    public func floats() -> [Float]? {
        guard type.isFloatingPoint else { return nil }
        return withBytes { source in
            [Float](unsafeUninitializedCapacity: count) { target, initialized in
                _ = FloatConversion.convert(source, from: type, into: UnsafeMutableRawBufferPointer(target), to: .f32)
                initialized = count
            }
        }
    }

    /// The elements in another floating-point format, rounded to nearest even, with how many finite ones became
    /// infinite; nil where they are not floating-point. Other types stay as they are when asked for themselves.
    package func converted(to target: ElementType) -> (tensor: Tensor, overflows: Int)? {
        if target == type { return (self, 0) }
        guard type.isFloatingPoint, target.isFloatingPoint else { return nil }
        var overflows = 0
        let bytes = withBytes { source in
            [UInt8](unsafeUninitializedCapacity: count * target.byteCount) { buffer, initialized in
                let room = UnsafeMutableRawBufferPointer(buffer)[..<(count * target.byteCount)]
                overflows = FloatConversion.convert(
                    source, from: type, into: UnsafeMutableRawBufferPointer(rebasing: room), to: target)
                initialized = room.count
            }
        }
        return Tensor(shape: shape, type: target, contents: .owned(bytes)).map { ($0, overflows) }
    }
}
