/// What gives each patch token the scores of its classes: a linear layer, or two with a ReLU between them.
public struct TokenLayers: Sendable, Equatable {
    /// Nil: the scores are linear in the token.
    public let hidden: AffineLayer?
    public let output: AffineLayer

    /// Of the tokens that it takes.
    public var width: Int { hidden?.width ?? output.width }
    public var classes: Int { output.outputs }

    public init(hidden: AffineLayer? = nil, output: AffineLayer) throws(HeadError) {
        if let hidden, hidden.outputs != output.width {
            throw .data(
                "a hidden layer of \(hidden.outputs) numbers under one that takes \(output.width): expected as many")
        }
        guard (1...Int(PointLabels.ignored)).contains(output.outputs) else {
            throw .data("\(output.outputs) classes of pixels: expected 1 to \(PointLabels.ignored)")
        }
        (self.hidden, self.output) = (hidden, output)
    }

    /// [T, D] → [T, classes].
    public func callAsFunction(_ tokens: [Float]) throws(HeadError) -> [Float] {
        var features = try FeatureMatrix(tokens, width: width)
        if let hidden {
            features = try FeatureMatrix(hidden(features).map { max($0, 0) }, width: hidden.outputs)
        }
        return try output(features)
    }
}
