internal import CUnmaskBLAS

/// The directions in which vectors differ most, as scikit-learn's `PCA`: a vector's numbers along them, its mean taken off; whitened,
/// each with deviation 1.
public struct PrincipalComponents: Sendable {
    /// [k, D], the direction of most variance first; of each the number of the largest magnitude is positive.
    public let layer: AffineLayer
    /// Of the k directions, [k].
    public let variances: [Double]
    /// What they have of all variance.
    public let share: Double

    /// Of all variance, what is kept where nobody says how many directions.
    static let usualShare = 0.95

    /// - Parameter dimensions: k; nil: as few as have 95 % of the variance.
    public init(_ features: FeatureMatrix, dimensions: Int? = nil, isWhitened: Bool = false) throws(HeadError) {
        try Algebra.open()
        try features.requireFinite()
        let (rows, width) = (features.rows, features.width)
        guard rows > 1 else { throw .data("\(rows) images: expected at least 2, which differ") }
        guard width <= Self.mostWidth else {
            throw .unsupported("vectors of \(width) numbers: at most \(Self.mostWidth) are projected")
        }
        let centring = Standardisation(features).centring
        var (vectors, values) = try Self.eigenvectors(features, centring)
        // By rounding the least may be below zero.
        values = values.map { max(0, $0) }
        let all = values.reduce(0, +)
        guard all > 0 else { throw .data("all vectors are equal: there is nothing to project them by") }
        let most = min(rows - 1, width)
        let count = dimensions ?? Self.count(of: values, most: most)
        guard (1...most).contains(count) else {
            throw .invalidParameter("\(count) dimensions: expected 1 to \(most), of \(rows) images of \(width) numbers")
        }
        guard !isWhitened || values[count - 1] > 1e-12 * values[0] else {
            throw .data(
                "direction \(count) has no variance, which whitening would make 1: expected fewer --dimensions")
        }
        for direction in 0..<count {
            let row = direction * width..<(direction + 1) * width
            let largest = vectors[row].max { abs($0) < abs($1) } ?? 1
            let factor = (largest < 0 ? -1 : 1) / (isWhitened ? values[direction].squareRoot() : 1)
            for index in row { vectors[index] *= factor }
        }
        layer = centring.folded(
            Array(vectors[..<(count * width)]) + Array(repeating: 0, count: count), outputs: count)
        variances = Array(values[..<count])
        share = variances.reduce(0, +) / all
    }

    private static let mostWidth = 8192

    /// Of the covariance, the largest value first.
    private static func eigenvectors(
        _ features: FeatureMatrix, _ centring: Standardisation
    ) throws(HeadError) -> (vectors: [Double], values: [Double]) {
        let (rows, width) = (features.rows, features.width)
        let problem = RidgeProblem(
            features: features, standardisation: centring, values: Array(repeating: 0, count: rows), outputs: 1)
        let gram = problem.moments(of: Array(0..<rows)).gram
        var covariance = (0..<width).flatMap { row in
            (0..<width).map { gram[row * (width + 1) + $0] / Double(rows - 1) }
        }
        var values = [Double](repeating: 0, count: width)
        guard unmask_blas_eigenvectors(Int32(width), &covariance, &values) == 0 else {
            throw .algebra("the covariance of \(rows) vectors of \(width) numbers has no eigenvectors that are found")
        }
        let vectors = (0..<width).reversed().flatMap { covariance[$0 * width..<($0 + 1) * width] }
        return (vectors, values.reversed())
    }

    /// As few as have the usual share.
    private static func count(of values: [Double], most: Int) -> Int {
        let wanted = usualShare * values.reduce(0, +)
        var sum = 0.0
        for (index, value) in values.prefix(most).enumerated() {
            sum += value
            if sum >= wanted { return index + 1 }
        }
        return most
    }
}
