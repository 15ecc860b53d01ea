internal import Foundation

/// Layers that name the class of every point of images, fitted on their patch tokens by L-BFGS.
///
/// Tokens are standardised by the training images. Scores are interpolated between patches before the softmax, so that what is
/// learned is what is answered, at any size. How strong the weights are held back is chosen by images that were not fitted on.
public struct SegmentationProbe: Sendable {
    public struct Options: Sendable {
        /// The strengths that are tried, ascending: 1 / (C · images) times half the squared weights is added to the mean loss.
        public var strengths: [Double]
        /// Parts of which each is held out once; 1: none is, and C is the last.
        public var folds: Int
        /// Every class weighs as much, however many pixels it has.
        public var isBalanced: Bool
        /// Numbers of a hidden layer; nil: the scores are linear.
        public var hidden: Int?
        public var maximumIterations: Int
        /// Of the gradient's largest component.
        public var tolerance: Double
        public var seed: UInt64

        public init(
            strengths: [Double] = Self.usualStrengths, folds: Int = 3, isBalanced: Bool = false, hidden: Int? = nil,
            maximumIterations: Int = 150, tolerance: Double = 1e-4, seed: UInt64 = 0
        ) {
            self.strengths = strengths
            self.folds = folds
            self.isBalanced = isBalanced
            self.hidden = hidden
            self.maximumIterations = maximumIterations
            self.tolerance = tolerance
            self.seed = seed
        }

        /// Decades from 10⁻¹ to 10⁴.
        public static let usualStrengths = (-1...4).map { Double.exponential(ofHalfDecades: 2 * $0) }
    }

    public let layers: TokenLayers
    public let strength: Double
    public let iterations: Int
    public let hasConverged: Bool
    /// Of points of images that the layers which named them have not seen, by strength; empty where there were no folds.
    public let trials: [(strength: Double, measures: SegmentationMeasures)]

    /// - Parameter progress: told what is done.
    public init(
        _ tokens: TokenMatrix, _ labels: PointLabels, _ options: Options = Options(),
        progress: (String) -> Void = { _ in }
    ) throws(HeadError) {
        guard tokens.images == labels.count, tokens.tokens == labels.grid.count else {
            throw .data(
                "\(tokens.images) images of \(tokens.tokens) tokens and \(labels.count) masks over "
                    + "\(labels.grid.rows) × \(labels.grid.columns) patches: expected as many")
        }
        guard !options.strengths.isEmpty, options.strengths.allSatisfy({ $0 > 0 && $0.isFinite }) else {
            throw .invalidParameter("strengths \(options.strengths): expected positive numbers")
        }
        let present = labels.counts(Array(repeating: 1, count: labels.count)).filter { $0 > 0 }.count
        guard present > 1 else {
            throw .data("\(present) of \(labels.classes) classes have pixels: there is nothing to tell apart")
        }
        try tokens.requireFinite()
        let problem = Problem(
            tokens: tokens, standardisation: tokens.standardisation(), labels: labels, options: options)
        let trials = try problem.trials(progress)
        let best = trials.indices.max { (trials[$0].measures.meanIoU ?? 0) < (trials[$1].measures.meanIoU ?? 0) }
        self.trials = trials
        strength = best.map { trials[$0].strength } ?? options.strengths[options.strengths.count - 1]
        progress("fitting on \(tokens.images) images")
        let result = try problem.fit(strength, Array(repeating: 1, count: tokens.images), from: nil)
        layers = try problem.layers(result.x)
        (iterations, hasConverged) = (result.iterations, result.hasConverged)
    }

    /// What is fitted, whatever the strength and whichever images are held out.
    private struct Problem {
        let tokens: TokenMatrix
        let standardisation: Standardisation
        let labels: PointLabels
        let options: Options

        /// - Parameter weights: of the images; 0 holds one out.
        func fit(_ strength: Double, _ weights: [Float], from start: [Double]?) throws(HeadError) -> LBFGS.Result {
            let counts = labels.counts(weights)
            let (all, present) = (counts.reduce(0, +), counts.filter { $0 > 0 }.count)
            let classWeights = counts.map { count in
                options.isBalanced && count > 0 ? Float(Double(all) / (Double(present) * Double(count))) : 1
            }
            let objective = try SegmentationObjective(
                tokens: tokens, standardisation: standardisation, labels: labels, weights: weights,
                classWeights: classWeights, hidden: options.hidden,
                penalty: 1 / (strength * weights.reduce(0.0) { $0 + Double($1) }))
            let search = LBFGS(maximumIterations: options.maximumIterations, tolerance: options.tolerance)
            return try search.minimise(from: start ?? self.start(objective.layout)) { objective($0) }
        }

        /// Zeros, but for a hidden layer's weights: uniform, as PyTorch's `Linear` begins.
        private func start(_ layout: SegmentationObjective.Layout) -> [Double] {
            var start = [Double](repeating: 0, count: layout.count)
            guard let hidden = layout.hidden else { return start }
            var random = SplitMix64(seed: options.seed)
            for (weights, inputs) in [(layout.hiddenWeights, layout.width), (layout.weights, hidden)] {
                let bound = 1 / Double(inputs).squareRoot()
                for index in weights { start[index] = Double.random(in: -bound...bound, using: &random) }
            }
            return start
        }

        /// The same for tokens as they are.
        func layers(_ parameters: [Double]) throws(HeadError) -> TokenLayers {
            let layout = SegmentationObjective.Layout(
                width: tokens.width, hidden: options.hidden, classes: labels.classes)
            guard let hidden = layout.hidden else {
                return try TokenLayers(output: standardisation.folded(parameters, outputs: layout.classes))
            }
            let first = standardisation.folded(Array(parameters[..<layout.hiddenCount]), outputs: hidden)
            return try TokenLayers(
                hidden: first,
                output: AffineLayer(
                    weight: parameters[layout.weights].map(Float.init),
                    bias: parameters[layout.biases].map(Float.init), width: hidden))
        }

        /// Of each fold, from the weakest weights to the strongest. A linear fit begins where the last one ended; a hidden layer that
        /// was held at zero would stay there.
        func trials(
            _ progress: (String) -> Void
        ) throws(HeadError) -> [(strength: Double, measures: SegmentationMeasures)] {
            let folds = try Folds(images: tokens.images, count: options.folds, seed: options.seed)
            guard folds.count > 1, options.strengths.count > 1 else { return [] }
            let names = (0..<labels.classes).map(String.init)
            var trials = options.strengths.map { (strength: $0, measures: SegmentationMeasures(classes: names)) }
            for fold in 0..<folds.count {
                var weights = [Float](repeating: 1, count: tokens.images)
                for image in folds.rows(of: fold) { weights[image] = 0 }
                guard labels.counts(weights).contains(where: { $0 > 0 }) else { continue }
                var start: [Double]?
                for index in trials.indices {
                    progress("fold \(fold + 1) of \(folds.count), C \(trials[index].strength)")
                    let result = try fit(trials[index].strength, weights, from: start)
                    start = options.hidden == nil ? result.x : nil
                    try measure(layers(result.x), folds.rows(of: fold), &trials[index].measures)
                }
            }
            return trials
        }

        private func measure(
            _ layers: TokenLayers, _ images: [Int], _ measures: inout SegmentationMeasures
        ) throws(HeadError) {
            var room = [Float](repeating: 0, count: tokens.tokens * tokens.width)
            for image in images {
                tokens.read(image, into: &room)
                let grid = ClassGrid(grid: labels.grid, scores: try layers(room))
                let answered = grid.best(
                    rows: PointLabels.shares(tokens: labels.grid.rows),
                    columns: PointLabels.shares(tokens: labels.grid.columns))
                measures.add(answered: answered, expected: labels.images[image])
            }
        }
    }
}
