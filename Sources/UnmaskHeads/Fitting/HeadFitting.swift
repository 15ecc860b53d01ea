public import UnmaskModel

/// How a head is fitted.
public struct HeadFitting: Sendable {
    public var kind: HeadKind
    /// Scikit-learn's C of `linear` and `tag`, or alpha of `regress`: those that are tried; nil: the usual ones.
    public var strengths: [Double]?
    /// Neighbours of `knn`: those that are tried; nil: the usual ones.
    public var neighbours: [Int]?
    public var folds: Int
    public var isBalanced: Bool
    public var seed: UInt64
    /// Of `ep` the queries, of `attentive` the heads; nil: the usual number.
    public var queries: Int?
    /// How often `ep` and `attentive` see each image; nil: as often as is usual.
    public var epochs: Int?
    /// Rates of `ep` and `attentive`: those that are tried; nil: the usual one.
    public var rates: [Double]?
    /// Numbers that `project` keeps; nil: as few as have 95 % of the variance.
    public var dimensions: Int?
    /// Whether `project` gives each deviation 1.
    public var isWhitened = false
    /// The share of held-out images named right that may be called unknown; 0: no image is.
    public var unknownShare: Double
    /// Numbers of a hidden layer of `segment`; nil: its scores are linear.
    public var hidden: Int?
    /// The share of good images that `anomaly` may call anomalous.
    public var falseAlarms = 0.01
    /// Patches that `anomaly` remembers at most; nil: the usual number.
    public var memory: Int?

    public init(
        kind: HeadKind, strengths: [Double]? = nil, neighbours: [Int]? = nil, folds: Int = 5, isBalanced: Bool = false,
        seed: UInt64 = 0, unknownShare: Double = 0
    ) {
        self.kind = kind
        self.strengths = strengths
        self.neighbours = neighbours
        self.folds = folds
        self.isBalanced = isBalanced
        self.seed = seed
        self.unknownShare = unknownShare
    }

    /// Scikit-learn's C of the linear layer that neighbours are compared with.
    private static let comparedStrength = 0.1

    public static let usualNeighbours = [1, 3, 5, 10, 20, 40, 80]

    /// What a head may learn of images.
    public enum Lesson: Sendable {
        case labels(Targets)
        /// [n, outputs], row-major.
        case values([Double], outputs: Int)
        case none
    }

    /// - Parameters:
    ///   - features: as `stamp` has them.
    ///   - labels: of the outputs; those of `project` are numbered.
    ///   - progress: told what is done.
    public func fit(
        _ features: FeatureMatrix, _ lesson: Lesson, labels: [String], stamp: Stamp,
        progress: (String) -> Void = { _ in }
    ) throws(HeadError) -> Head {
        switch (kind, lesson) {
        case (.linear, .labels(let targets)) where targets.areExclusive,
            (.tag, .labels(let targets)) where !targets.areExclusive:
            return try logistic(features, targets, labels, stamp, progress)
        case (.knn, .labels(let targets)) where targets.areExclusive:
            return try nearest(features, targets, labels, stamp, progress)
        case (.project, .none): return try projection(features, stamp)
        case (.regress, .values(let values, let outputs)):
            return try ridge(features, values, outputs, labels, stamp)
        default:
            throw .data("a head of kind \(kind.rawValue) does not learn from that kind of labels")
        }
    }

    private func facts(_ images: Int, _ more: [String: String]) -> [String: String] {
        ["images": "\(images)", "seed": "\(seed)"].merging(more) { $1 }
    }

    private func logistic(
        _ features: FeatureMatrix, _ targets: Targets, _ labels: [String], _ stamp: Stamp, _ progress: (String) -> Void
    ) throws(HeadError) -> Head {
        let options = LogisticRegression.Options(
            strengths: strengths ?? LogisticRegression.Options.usualStrengths, folds: folds, isBalanced: isBalanced,
            seed: seed)
        let fitted = try LogisticRegression(features, targets, options, progress: progress)
        var facts = facts(
            features.rows,
            [
                "C": "\(fitted.strength)", "iterations": "\(fitted.iterations)", "converged": "\(fitted.hasConverged)",
                "class_weights": isBalanced ? "balanced" : "none",
            ])
        facts["held_out_accuracy"] = fitted.trials.first { $0.strength == fitted.strength }.map { "\($0.accuracy)" }
        return try Head(
            kind: kind, computation: .linear(fitted.layer), labels: labels, stamp: stamp,
            calibration: calibration(targets, fitted.heldOut), fit: facts)
    }

    /// By scores of images that were held out; without any, answers are taken as they are.
    private func calibration(_ targets: Targets, _ heldOut: HeldOutScores?) -> Head.Calibration {
        var calibration = Head.Calibration()
        guard targets.areExclusive else {
            calibration.thresholds = heldOut?.thresholds() ?? Array(repeating: 0.5, count: targets.outputs)
            return calibration
        }
        guard let heldOut else { return calibration }
        calibration.temperature = Temperature.fitted(to: heldOut)
        if unknownShare > 0 {
            calibration.unknownBelow = Temperature.threshold(
                heldOut, temperature: calibration.temperature, losing: unknownShare)
        }
        return calibration
    }

    /// A head that names the class of every pixel.
    /// - Parameters:
    ///   - tokens: as `stamp` has them.
    ///   - masks: of the same images, in that order.
    ///   - more: what is to be kept with the head besides.
    public func fit(
        _ tokens: TokenMatrix, _ masks: PointLabels, labels: [String], stamp: Stamp, facts more: [String: String] = [:],
        progress: (String) -> Void = { _ in }
    ) throws(HeadError) -> Head {
        var options = SegmentationProbe.Options(folds: folds, isBalanced: isBalanced, hidden: hidden, seed: seed)
        if let strengths { options.strengths = strengths.sorted() }
        let fitted = try SegmentationProbe(tokens, masks, options, progress: progress)
        try tokens.requireUndamaged()
        var facts = facts(
            tokens.images,
            [
                "C": "\(fitted.strength)", "iterations": "\(fitted.iterations)", "converged": "\(fitted.hasConverged)",
                "hidden": "\(hidden ?? 0)", "class_weights": isBalanced ? "balanced" : "none",
            ].merging(more) { $1 })
        let measures = fitted.trials.first { $0.strength == fitted.strength }?.measures
        facts["held_out_mean_iou"] = measures?.meanIoU.map { "\($0)" }
        return try Head(
            kind: kind, computation: .segmentation(fitted.layers, masks.grid), labels: labels, stamp: stamp, fit: facts)
    }

    /// What an anomaly head's only output is called.
    private static let anomaly = "anomaly"

    /// A head that knows good images.
    ///
    /// What says how strange patches look follows from what is read of them.
    /// - Parameters:
    ///   - tokens: of good images alone, as `stamp` has them.
    ///   - grid: how an image's tokens lie.
    public func fit(
        _ tokens: TokenMatrix, _ grid: PatchGrid, stamp: Stamp, progress: (String) -> Void = { _ in }
    ) throws(HeadError) -> Head {
        var options = AnomalyProbe.Options(falseAlarms: falseAlarms, folds: folds, seed: seed)
        if let memory { options.most = memory }
        let measure = AnomalyMeasure(of: stamp.sources ?? [.final])
        let fitted = try AnomalyProbe(tokens, by: measure, options, progress: progress)
        try tokens.requireUndamaged()
        var facts = facts(
            tokens.images,
            [
                "by": measure.rawValue, "false_alarms": "\(falseAlarms)",
                "held_out_highest": "\(fitted.heldOut.max() ?? 0)",
            ])
        facts["patches"] = fitted.scoring.memory.map { "\($0.count)" }
        if let masks = stamp.sources?.masks {
            facts.merge(["passes": "\(masks.count)", "masks_seed": "\(masks.seed)"]) { $1 }
        }
        return try Head(
            kind: kind, computation: .anomaly(fitted.scoring, grid), labels: [Self.anomaly], stamp: stamp,
            calibration: .init(thresholds: [fitted.threshold]), fit: facts)
    }

    /// A head that reads patch tokens.
    /// - Parameters:
    ///   - tokens: as `stamp` has them.
    ///   - targets: classes that exclude one another.
    public func fit(
        _ tokens: TokenMatrix, _ targets: Targets, labels: [String], stamp: Stamp,
        progress: (String) -> Void = { _ in }
    ) throws(HeadError) -> Head {
        let options = AttentionProbe.Options(
            kind: kind, queries: queries, epochs: epochs, rates: rates, isBalanced: isBalanced, folds: folds, seed: seed
        )
        let fitted = try AttentionProbe(tokens, targets, options, progress: progress)
        try tokens.requireUndamaged()
        var facts = facts(
            tokens.images,
            [
                "queries": "\(fitted.pooling.count)", "epochs": "\(fitted.epochs)", "rate": "\(fitted.rate)",
                "loss": "\(fitted.loss)", "class_weights": isBalanced ? "balanced" : "none",
            ])
        facts["held_out_accuracy"] = fitted.heldOutAccuracy.map { "\($0)" }
        return try Head(
            kind: kind, computation: .attention(fitted.pooling, fitted.layer), labels: labels, stamp: stamp,
            calibration: calibration(targets, fitted.heldOut), fit: facts)
    }

    private func nearest(
        _ features: FeatureMatrix, _ targets: Targets, _ labels: [String], _ stamp: Stamp, _ progress: (String) -> Void
    ) throws(HeadError) -> Head {
        try features.requireFinite()
        let candidates = neighbours ?? Self.usualNeighbours
        let classes = targets.labels.map { Int($0.first ?? 0) }
        guard classes.count == features.rows else {
            throw .data("\(features.rows) vectors and what \(classes.count) images are: expected as many")
        }
        let vectors = features.withRows { Array(UnsafeBufferPointer(start: $0, count: features.rows * features.width)) }
        progress("comparing \(features.rows) images with each other")
        var facts = facts(features.rows, [:])
        var k = candidates.first ?? 0
        if candidates.count > 1 {
            let best = try NearestNeighbours.best(
                of: candidates, vectors: vectors, width: features.width, labels: classes, classes: targets.outputs)
            k = best.k
            facts["held_out_accuracy"] = "\(best.accuracy)"
            progress("comparing with a linear layer")
            facts["linear_held_out_accuracy"] = try LogisticRegression(
                features, targets, .init(strengths: [Self.comparedStrength], folds: 3, seed: seed)
            ).trials.first.map { "\($0.accuracy)" }
        }
        facts["k"] = "\(k)"
        let fitted = try NearestNeighbours(
            vectors: vectors, width: features.width, labels: classes, classes: targets.outputs, k: k)
        return try Head(kind: kind, computation: .neighbours(fitted), labels: labels, stamp: stamp, fit: facts)
    }

    private func projection(_ features: FeatureMatrix, _ stamp: Stamp) throws(HeadError) -> Head {
        let fitted = try PrincipalComponents(features, dimensions: dimensions, isWhitened: isWhitened)
        let facts = facts(
            features.rows,
            ["dimensions": "\(fitted.layer.outputs)", "variance": "\(fitted.share)", "whitened": "\(isWhitened)"])
        return try Head(
            kind: kind, computation: .linear(fitted.layer), labels: (0..<fitted.layer.outputs).map(String.init),
            stamp: stamp, fit: facts)
    }

    private func ridge(
        _ features: FeatureMatrix, _ values: [Double], _ outputs: Int, _ labels: [String], _ stamp: Stamp
    ) throws(HeadError) -> Head {
        let fitted = try RidgeRegression(
            features, values: values, outputs: outputs, penalties: strengths ?? RidgeRegression.usualPenalties,
            folds: folds, seed: seed)
        var facts = facts(features.rows, ["alpha": "\(fitted.penalty)"])
        facts["held_out_r2"] = fitted.trials.first { $0.penalty == fitted.penalty }.map { "\($0.r2)" }
        return try Head(kind: kind, computation: .linear(fitted.layer), labels: labels, stamp: stamp, fit: facts)
    }
}

extension HeldOutScores {
    /// Of each label the probability from which its held-out answers have the best F1.
    func thresholds() -> [Double] {
        (0..<targets.outputs).map { output in
            let scores = rows.indices.map { ScoreKind.sigmoid.score(self[$0][output]) }
            let isTrue = rows.map { targets.labels[$0].contains(Int32(output)) }
            return TagMeasures.bestThreshold(scores: scores, isTrue: isTrue)
        }
    }
}
