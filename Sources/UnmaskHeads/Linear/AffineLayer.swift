internal import CUnmaskBLAS

/// x ↦ W x + b: what a linear head computes of a vector as the backbone gives it.
public struct AffineLayer: Sendable, Equatable {
    /// [outputs, D], row-major.
    public let weight: [Float]
    /// [outputs]
    public let bias: [Float]
    /// D
    public let width: Int

    public var outputs: Int { bias.count }

    public init(weight: [Float], bias: [Float], width: Int) {
        precondition(weight.count == bias.count * width, "\(weight.count) weights are not [\(bias.count), \(width)]")
        (self.weight, self.bias, self.width) = (weight, bias, width)
    }

    /// The outputs of one vector [D], summed in Double in the order of its numbers.
    public func callAsFunction(_ vector: [Float]) -> [Float] {
        precondition(vector.count == width, "a vector of \(vector.count) numbers; the layer takes \(width)")
        return (0..<outputs).map { output in
            var sum = Double(bias[output])
            for column in 0..<width { sum += Double(weight[output * width + column]) * Double(vector[column]) }
            return Float(sum)
        }
    }

    /// The outputs of all rows, [n, outputs].
    func callAsFunction(_ features: FeatureMatrix) throws(HeadError) -> [Float] {
        try Algebra.open()
        var results = [Float](repeating: 0, count: features.rows * outputs)
        for row in 0..<features.rows {
            for output in 0..<outputs { results[row * outputs + output] = bias[output] }
        }
        guard features.rows > 0, outputs > 0 else { return results }
        features.withRows { base in
            unmask_blas_sgemm(
                false, true, Int32(features.rows), Int32(outputs), Int32(width), 1, base, Int32(width), weight,
                Int32(width), 1, &results, Int32(outputs))
        }
        return results
    }
}
