/// How near predicted quantities are to the true ones.
public struct RegressionMeasures: Sendable, Equatable {
    public let images: Int
    /// 1 − Σ (y − ŷ)² / Σ (y − mean)²; nil where all true values are equal.
    public let r2: Double?
    /// The mean of |y − ŷ|.
    public let meanError: Double
    /// The square root of the mean of (y − ŷ)².
    public let rootMeanSquare: Double

    public init(predicted: [Double], expected: [Double]) {
        images = expected.count
        let n = Double(max(images, 1))
        let mean = expected.reduce(0, +) / n
        let variation = expected.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        let errors = zip(predicted, expected).map { $0 - $1 }
        let squares = errors.reduce(0) { $0 + $1 * $1 }
        r2 = variation > 0 ? 1 - squares / variation : nil
        meanError = errors.reduce(0) { $0 + abs($1) } / n
        rootMeanSquare = (squares / n).squareRoot()
    }
}
