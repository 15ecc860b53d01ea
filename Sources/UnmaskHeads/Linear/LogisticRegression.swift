/// A linear layer fitted by logistic regression: multinomial where classes exclude one another, else one of each label.
///
/// Features are standardised by the training images; strength is scikit-learn's C, the sum of losses against half the
/// squared weights. Held-out scores come of the folds that chose it.
public struct LogisticRegression: Sendable {
    public struct Options: Sendable {
        /// The strengths that are tried, ascending.
        public var strengths: [Double]
        /// Parts of which each is held out once; 1: none is, C is 1 where that is among the strengths, else
        /// the first, and nothing is calibrated.
        public var folds: Int
        /// Every class weighs as much, however many images it has.
        public var isBalanced: Bool
        public var maximumIterations: Int
        /// Of the gradient's largest component.
        public var tolerance: Double
        public var seed: UInt64

        public init(
            strengths: [Double] = Self.usualStrengths, folds: Int = 5, isBalanced: Bool = false,
            maximumIterations: Int = 300, tolerance: Double = 1e-4, seed: UInt64 = 0
        ) {
            self.strengths = strengths
            self.folds = folds
            self.isBalanced = isBalanced
            self.maximumIterations = maximumIterations
            self.tolerance = tolerance
            self.seed = seed
        }

        /// Half decades from 10⁻⁴ to 10².
        public static let usualStrengths = (-8...4).map { Double.exponential(ofHalfDecades: $0) }
    }

    public let layer: AffineLayer
    public let strength: Double
    public let iterations: Int
    public let evaluations: Int
    public let hasConverged: Bool
    /// The mean of the folds' held-out accuracy and loss, by strength; empty where there were no folds.
    public let trials: [Trial]
    /// Scores of images that the layer which made them has not seen; nil where there were no folds.
    public let heldOut: HeldOutScores?

    public struct Trial: Sendable, Equatable {
        public let strength: Double
        /// The share of images named right; of labels that do not exclude one another, the share of labels.
        public let accuracy: Double
        /// The mean cross-entropy of an image.
        public let loss: Double
    }

    /// - Parameter progress: told what is done.
    public init(
        _ features: FeatureMatrix, _ targets: Targets, _ options: Options = Options(),
        progress: (String) -> Void = { _ in }
    ) throws(HeadError) {
        try Self.check(features, targets, options)
        let standardisation = Standardisation(features)
        let weights = options.isBalanced ? targets.balanced() : [Float](repeating: 1, count: targets.count)
        let problem = Problem(
            features: features, standardisation: standardisation, targets: targets, weights: weights, options: options)
        let validation = try CrossValidation.strengths(of: problem, progress)
        trials = validation?.trials ?? []
        heldOut = validation?.heldOut
        // Scikit-learn's own, where nothing says which is better.
        strength = validation?.strength ?? (options.strengths.contains(1) ? 1 : options.strengths[0])
        progress("fitting on \(features.rows) images")
        let result = try problem.fit(strength: strength, weights: weights, from: nil)
        layer = standardisation.folded(result.x, outputs: targets.outputs)
        (iterations, evaluations, hasConverged) = (result.iterations, result.evaluations, result.hasConverged)
    }

    private static func check(
        _ features: FeatureMatrix, _ targets: Targets, _ options: Options
    ) throws(HeadError) {
        guard features.rows == targets.count else {
            throw .data("\(features.rows) vectors and what \(targets.count) images are: expected as many")
        }
        guard !options.strengths.isEmpty, options.strengths.allSatisfy({ $0 > 0 && $0.isFinite }) else {
            throw .invalidParameter("strengths \(options.strengths): expected positive numbers")
        }
        let present = targets.counts.filter { $0 > 0 }.count
        guard present > (targets.areExclusive ? 1 : 0) else {
            throw .data("\(present) of \(targets.outputs) classes have images: there is nothing to tell apart")
        }
        try features.requireFinite()
    }

    /// What is fitted, whatever the strength and whichever images are held out.
    struct Problem: Sendable {
        let features: FeatureMatrix
        let standardisation: Standardisation
        let targets: Targets
        let weights: [Float]
        let options: Options

        /// - Parameters:
        ///   - weights: of the rows; 0 holds one out.
        ///   - start: where another strength has ended; nil: at zero.
        func fit(strength: Double, weights: [Float], from start: [Double]?) throws(HeadError) -> LBFGS.Result {
            let total = weights.reduce(0.0) { $0 + Double($1) }
            let objective = try LogisticObjective(
                features: features, standardisation: standardisation, targets: targets, weights: weights,
                penalty: 1 / (strength * total))
            let search = LBFGS(maximumIterations: options.maximumIterations, tolerance: options.tolerance)
            return try search.minimise(from: start ?? Array(repeating: 0, count: objective.parameterCount)) {
                objective($0)
            }
        }
    }
}

extension Double {
    /// 10 to the power of n / 2, exact for whole decades.
    static func exponential(ofHalfDecades n: Int) -> Double {
        let decade = (0..<abs(n / 2)).reduce(1.0) { power, _ in power * 10 }
        let whole = n < 0 ? 1 / decade : decade
        guard n % 2 != 0 else { return whole }
        return n < 0 ? whole / 10.0.squareRoot() : whole * 10.0.squareRoot()
    }
}
