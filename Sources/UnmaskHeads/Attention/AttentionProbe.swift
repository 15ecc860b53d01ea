/// A classifier that attends to patch tokens, trained with Adam on minibatches.
///
/// Tokens are standardised by the training images, which is folded into what is kept. The same images, options and seed give
/// the same bits, whatever the number of threads.
public struct AttentionProbe: Sendable {
    public struct Options: Sendable {
        /// `ep` or `attentive`.
        public var kind: HeadKind
        /// Queries of `ep`, heads of `attentive`; nil: at most 32, and at most 8, that divide the width.
        public var queries: Int?
        /// How often each image is seen; nil: 20 times, and so often that there are 600 steps.
        public var epochs: Int?
        /// Of the steps at their longest: those that are tried on held-out images; nil: the usual one.
        public var rates: [Double]?
        /// Images of a step.
        public var batch: Int
        /// Every class weighs as much, however many images it has.
        public var isBalanced: Bool
        /// Parts of which some are held out to calibrate by; 1: none is.
        public var folds: Int
        public var seed: UInt64

        public init(
            kind: HeadKind = .ep, queries: Int? = nil, epochs: Int? = nil, rates: [Double]? = nil,
            batch: Int = 256, isBalanced: Bool = false, folds: Int = 5, seed: UInt64 = 0
        ) {
            self.kind = kind
            self.queries = queries
            self.epochs = epochs
            self.rates = rates
            self.batch = batch
            self.isBalanced = isBalanced
            self.folds = folds
            self.seed = seed
        }

        static let usualEpochs = 20
        static let fewestSteps = 600

        /// Wider tokens sum more steps into a score.
        static func usualRate(_ kind: HeadKind, width: Int) -> Double {
            (kind == .ep ? 0.1 : 0.03) / Double(width).squareRoot()
        }
    }

    public let pooling: AttentionPooling
    public let layer: AffineLayer
    public let epochs: Int
    public let rate: Double
    /// The mean loss of the last epoch's steps.
    public let loss: Double
    /// Scores of images that the probe which made them has not seen; nil where none were held out.
    public let heldOut: HeldOutScores?
    public let heldOutAccuracy: Double?

    /// Held-out images that are enough to calibrate by: no further fold is fitted then.
    private static let mostHeldOut = 2_000
    /// Of tokens; a projection of values has its square.
    private static let mostWidth = 8192

    /// - Parameter progress: told what is done.
    public init(
        _ tokens: TokenMatrix, _ targets: Targets, _ options: Options, progress: (String) -> Void = { _ in }
    ) throws(HeadError) {
        try Self.check(tokens, targets, options)
        guard let form = try options.kind.queryForm(queries: options.queries, width: tokens.width) else {
            throw .unsupported("a head of kind \(options.kind.rawValue) does not attend to tokens")
        }
        let standardisation = tokens.standardisation()
        let objective = try AttentionObjective(
            tokens, standardisation, targets,
            weights: options.isBalanced ? targets.balanced() : [Float](repeating: 1, count: targets.count),
            queries: form.count)
        let run = Run(objective: objective, form: form, options: options)
        let rates = options.rates ?? [Options.usualRate(options.kind, width: tokens.width)]
        let validation = Self.validated(run, rates, progress)
        rate = validation?.rate ?? rates[0]
        (heldOut, heldOutAccuracy) = (validation?.scores, validation?.accuracy)
        let fitted = run.fit(Array(0..<tokens.images), rate: rate) { progress("fitting: \($0)") }
        (epochs, loss) = (run.epochs(tokens.images), fitted.loss)
        (pooling, layer) = try fitted.network.folded(standardisation, width: tokens.width)
        guard (pooling.queries + pooling.value + layer.weight).allSatisfy(\.isFinite) else {
            throw .data("the fit ran away to numbers that are not finite: expected a smaller rate than \(rate)")
        }
    }

    private static func check(_ tokens: TokenMatrix, _ targets: Targets, _ options: Options) throws(HeadError) {
        guard targets.areExclusive, tokens.images == targets.count else {
            throw .data("tokens of \(tokens.images) images, and \(targets.count) classes: expected one class for each")
        }
        let rates = options.rates ?? [1]
        guard !rates.isEmpty, rates.allSatisfy({ $0 > 0 && $0.isFinite }), options.batch > 0, options.epochs ?? 1 > 0
        else {
            throw .invalidParameter(
                "rates \(rates), batch \(options.batch), epochs \(options.epochs ?? 1): expected positive numbers")
        }
        guard tokens.width <= mostWidth else {
            throw .unsupported("tokens of \(tokens.width) numbers: a head attends to at most \(mostWidth)")
        }
        let present = targets.counts.filter { $0 > 0 }.count
        guard present > 1 else {
            throw .data("\(present) of \(targets.outputs) classes have images: there is nothing to tell apart")
        }
        try tokens.requireFinite()
    }

    private struct Validation {
        let rate: Double
        let scores: HeldOutScores
        let accuracy: Double
    }

    /// Fits without some of the images, and scores them, at each rate.
    /// - Returns: of the rate that names most of them right; nil where there are too few images to hold any out.
    private static func validated(_ run: Run, _ rates: [Double], _ progress: (String) -> Void) -> Validation? {
        let targets = run.objective.targets
        let folds = Folds(targets, count: run.options.folds, seed: run.options.seed)
        guard folds.count > 1 else { return nil }
        let trials = rates.map { rate in
            var scores = HeldOutScores(targets)
            for fold in 0..<folds.count where scores.rows.count < mostHeldOut {
                let rows = folds.rows(of: fold)
                let held = Set(rows)
                let fitted = run.fit((0..<targets.count).filter { !held.contains($0) }, rate: rate) {
                    progress("fold \(fold + 1), rate \(rate): \($0)")
                }
                scores.add(run.objective.scores(fitted.network, rows), of: rows)
            }
            return Validation(
                rate: rate, scores: scores, accuracy: scores.measured(last: scores.rows.count).accuracy)
        }
        return trials.max { $0.accuracy < $1.accuracy }
    }

    /// A fit, on whichever images.
    private struct Run {
        let objective: AttentionObjective
        let form: any QueryForm
        let options: Options

        func epochs(_ images: Int) -> Int {
            let steps = max(1, (images + options.batch - 1) / options.batch)
            return options.epochs ?? max(Options.usualEpochs, (Options.fewestSteps + steps - 1) / steps)
        }

        func fit(_ images: [Int], rate: Double, _ progress: (String) -> Void) -> (
            network: AttentionNetwork, loss: Double
        ) {
            var random = SplitMix64(seed: options.seed)
            var training = AttentionTraining(objective, form, seed: random.next())
            let epochs = epochs(images.count)
            let batches = (images.count + options.batch - 1) / options.batch
            let schedule = RateSchedule(steps: epochs * batches, highest: rate)
            let work = WorkProgress(total: epochs * batches)
            var (order, loss) = (images, 0.0)
            for epoch in 0..<epochs {
                order.shuffle(using: &random)
                loss = 0
                for batch in 0..<batches {
                    let start = batch * options.batch
                    let step = epoch * batches + batch
                    loss += training.step(
                        order[start..<min(start + options.batch, order.count)], rate: schedule[step])
                    progress("epoch \(epoch + 1) of \(epochs), \(work.left(done: step + 1))")
                }
                loss /= Double(max(batches, 1))
            }
            return (training.network, loss)
        }
    }
}

extension AttentionNetwork {
    /// The same for tokens as they are. What a standardised token is shifted by moves all scores of a query alike, and its values
    /// by as much whatever the weights: the first is not seen by the softmax, the second is part of the classifier's bias.
    func folded(_ standardisation: Standardisation, width: Int) throws(HeadError) -> (AttentionPooling, AffineLayer) {
        let (scale, mean) = (standardisation.scale, standardisation.mean)
        func scaled(_ rows: [Float]) -> [Float] { rows.indices.map { Float(Double(rows[$0]) * scale[$0 % width]) } }
        let pooling = try AttentionPooling(queries: scaled(queries), value: scaled(value), width: width)
        let shift = (0..<width).map { row in
            (0..<width).reduce(0.0) { $0 + Double(pooling.value[row * width + $1]) * mean[$1] }
        }
        let folded = bias.indices.map { output in
            Float(
                (0..<width).reduce(Double(bias[output])) {
                    $0 - Double(weight[output * width + $1]) * shift[$1]
                })
        }
        return (pooling, AffineLayer(weight: weight, bias: folded, width: width))
    }
}
