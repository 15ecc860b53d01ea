extension Tensor {
    /// The matrix with rows and columns exchanged; nothing is moved before it is read. Nil for other ranks than 2.
    public func transposed() -> Tensor? {
        if case .transposed(let matrix) = contents { return matrix }
        return Tensor(shape: shape.reversed(), type: type, contents: .transposed(self))
    }
}
