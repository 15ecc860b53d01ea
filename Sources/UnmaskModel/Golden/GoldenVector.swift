internal import UnmaskGraph

/// What a model makes of the golden image. `unmask convert` writes it into the checkpoint, and whoever runs the model
/// later can tell by it that file, image decoding, resizing and engine still give what they gave then.
public struct GoldenVector: Sendable, Equatable, Codable {
    /// `GoldenImage.name`; a vector of another picture says nothing.
    public let image: String
    /// Nil where the model makes no vector, and its class probabilities stand here.
    public let pooling: Pooling?
    /// `[D]`, the whole image seen through the model's own recipe.
    public let vector: [Float]

    public init(pooling: Pooling?, vector: [Float]) {
        image = GoldenImage.name
        self.pooling = pooling
        self.vector = vector
    }

    /// How far a vector may be from this one: docs/parity.md's tolerances for float32, which differs by instruction set,
    /// and the precision's least cosine for others.
    ///
    /// - Returns: nil where it is near enough, else what is wrong.
    public func difference(from found: [Float], precision: String) -> String? {
        guard found.count == vector.count else { return "\(found.count) numbers, expected \(vector.count)" }
        let cosine = VectorMath.cosine(vector, found)
        guard cosine.isFinite else { return "numbers that are not finite, or all zero" }
        let largest = vector.reduce(0) { max($0, abs($1)) }
        let distance = zip(vector, found).reduce(0) { max($0, abs($1.0 - $1.1)) }
        if precision == "f32" {
            guard cosine >= 0.999999, distance <= 2e-4 * largest else {
                return
                    "cosine \(cosine), largest difference \(distance) of \(largest); expected at least 0.999999 and at "
                    + "most \(2e-4 * largest)"
            }
            return nil
        }
        // A precision that is not known here is held to the loosest.
        let least = (Precision(rawValue: precision) ?? .int8).leastCosine
        return cosine >= least ? nil : "cosine \(cosine), expected at least \(least) in \(precision)"
    }
}

/// Arithmetic on vectors, summed in Double.
public enum VectorMath {
    /// The cosine of the angle between two vectors of equal length; NaN where one has no direction.
    public static func cosine(_ a: [Float], _ b: [Float]) -> Double {
        var (ab, aa, bb) = (0.0, 0.0, 0.0)
        for (x, y) in zip(a, b) {
            ab += Double(x) * Double(y)
            aa += Double(x) * Double(x)
            bb += Double(y) * Double(y)
        }
        return ab / (aa.squareRoot() * bb.squareRoot())
    }
}
