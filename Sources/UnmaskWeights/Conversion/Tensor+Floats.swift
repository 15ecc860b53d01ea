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
}
