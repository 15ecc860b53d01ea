internal import CUnmaskBLAS

/// A linear layer fitted by ridge regression: the normal equations of standardised features, solved by Cholesky, with the
/// penalty (scikit-learn's alpha) that predicts held-out images best.
public struct RidgeRegression: Sendable {
    public struct Trial: Sendable, Equatable {
        public let penalty: Double
        /// Of held-out images, the mean over outputs: 1 − Σ (y − ŷ)² / Σ (y − mean)².
        public let r2: Double
    }

    public let layer: AffineLayer
    public let penalty: Double
    public let trials: [Trial]

    public static let usualPenalties = (-4...8).map { Double.exponential(ofHalfDecades: 2 * $0) }

    /// - Parameters:
    ///   - values: [n, outputs], row-major.
    ///   - penalties: those that are tried; one alone is taken unseen.
    public init(
        _ features: FeatureMatrix, values: [Double], outputs: Int, penalties: [Double] = Self.usualPenalties,
        folds: Int = 5, seed: UInt64 = 0
    ) throws(HeadError) {
        try Algebra.open()
        guard outputs > 0, values.count == features.rows * outputs else {
            throw .data("\(values.count) values for \(features.rows) images of \(outputs) each")
        }
        guard features.rows > 1, values.allSatisfy(\.isFinite) else {
            throw .data("\(features.rows) images: expected at least 2, whose values are finite numbers")
        }
        guard !penalties.isEmpty, penalties.allSatisfy({ $0 > 0 && $0.isFinite }) else {
            throw .invalidParameter("penalties \(penalties): expected positive numbers")
        }
        try features.requireFinite()
        let standardisation = Standardisation(features)
        let problem = RidgeProblem(
            features: features, standardisation: standardisation, values: values, outputs: outputs)
        let parts = Folds(
            try Targets(tags: Array(repeating: [], count: features.rows), outputs: 1), count: folds, seed: seed)
        let rows = (0..<parts.count).map(parts.rows)
        let moments = rows.map(problem.moments)
        let whole = moments.reduce(problem.empty, +)
        trials =
            penalties.count == 1 || parts.count == 1
            ? [] : try Self.trials(penalties, problem, rows, moments, whole)
        penalty = trials.max { $0.r2 < $1.r2 }?.penalty ?? penalties[0]
        layer = try problem.solve(whole, penalty: penalty)
    }

    private static func trials(
        _ penalties: [Double], _ problem: RidgeProblem, _ rows: [[Int]], _ moments: [RidgeProblem.Moments],
        _ whole: RidgeProblem.Moments
    ) throws(HeadError) -> [Trial] {
        var trials: [Trial] = []
        for penalty in penalties {
            var errors = [Double](repeating: 0, count: problem.outputs)
            for (held, part) in zip(rows, moments) {
                let layer = try problem.solve(whole - part, penalty: penalty)
                let unseen = try problem.features.gathered(held)
                for (place, row) in held.enumerated() {
                    for (output, value) in layer(unseen[place]).enumerated() {
                        let error = Double(value) - problem.values[row * problem.outputs + output]
                        errors[output] += error * error
                    }
                }
            }
            let r2 = zip(errors, problem.variations).reduce(0.0) { $0 + 1 - $1.0 / max($1.1, .leastNormalMagnitude) }
            trials.append(Trial(penalty: penalty, r2: r2 / Double(problem.outputs)))
        }
        return trials
    }
}
