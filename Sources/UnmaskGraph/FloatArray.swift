/// Floating-point numbers that are known before a graph runs, such as the scales of a Resize.
public struct FloatArray: Sendable, Hashable {
    /// Row-major; a scalar has an empty shape.
    public let shape: [Int]
    public let elements: [Float]

    /// Nil where the elements do not fill the shape.
    public init?(shape: [Int], elements: [Float]) {
        guard let count = Tensor.byteCount(shape: shape, type: .u8), count == elements.count else { return nil }
        self.shape = shape
        self.elements = elements
    }
}
