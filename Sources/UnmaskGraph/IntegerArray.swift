/// Integers (or truth values, as 0 and 1) that are known before a graph runs, some perhaps only in symbols: what shape
/// arithmetic is done with. A target of Reshape such as [B, 197, 12, 64] is one.
public struct IntegerArray: Sendable, Hashable {
    /// Row-major; a scalar has an empty shape.
    public let shape: [Int]
    public let elements: [Dimension]

    /// Nil where the elements do not fill the shape.
    public init?(shape: [Int], elements: [Dimension]) {
        guard let count = Tensor.byteCount(shape: shape, type: .u8), count == elements.count else { return nil }
        self.shape = shape
        self.elements = elements
    }

    /// The numbers; nil where `bindings` lacks a symbol.
    public func bound(by bindings: [String: Int]) -> [Int]? {
        let numbers = elements.compactMap { $0.bound(by: bindings) }
        return numbers.count == elements.count ? numbers : nil
    }
}
