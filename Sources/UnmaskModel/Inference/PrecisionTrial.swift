public import UnmaskGraph
internal import UnmaskImage
public import UnmaskRuntime

/// One precision tried on a model: how fast, and how near to float32.
public struct PrecisionTrial: Sendable, CustomStringConvertible {
    public let precision: Precision
    /// How many layers int8 would have rounded too roughly, and took the next best.
    public let roughLayers: Int
    /// Seconds of a pass over one image, the fastest of a few.
    public let seconds: Double
    /// The least cosine between the answers to a trial image in this precision and in float32.
    public let cosine: Double
    /// Whether every trial image got the class that it gets in float32; true for a model without a head.
    public let classesAgree: Bool

    /// Whether the answers are still the model's own.
    public var passes: Bool { cosine >= precision.leastCosine && classesAgree }

    public var description: String {
        let classes = classesAgree ? "" : ", other classes than float32"
        let rough = roughLayers == 0 ? "" : " (but for \(roughLayers) layers)"
        return "\(precision.rawValue)\(rough) \(milliseconds) ms, cosine \((cosine * 1e5).rounded() / 1e5)\(classes)"
    }

    private var milliseconds: Double { (seconds * 1e5).rounded() / 100 }
}

extension ModelSession {
    /// The fastest session whose answers pass the gate of its precision on this engine, and what was tried.
    ///
    /// A model that makes neither vectors nor classes is run in float32, for nothing could be compared.
    public static func fastest(
        _ model: Model, engine: Engine, maximumBatch: Int, cache: WeightCache? = nil
    ) throws(ModelError) -> (session: ModelSession, trials: [PrecisionTrial]) {
        let plain = try ModelSession(model, engine: engine, maximumBatch: maximumBatch, cache: cache)
        guard plain.goldenTask != nil else { return (plain, []) }
        let images = try model.trialImages()
        let reference = try plain.trial(images, reference: nil)
        var (best, fastest) = (plain, reference.trial)
        var trials = [reference.trial]
        func attempt(_ precision: Precision, rough: Set<String> = []) throws(ModelError) -> PrecisionTrial? {
            let session = try ModelSession(
                model, engine: engine, maximumBatch: maximumBatch, precision: precision, rough: rough,
                cache: cache)
            guard session.precision == precision else { return nil }
            let trial = try session.trial(images, reference: reference.answers, roughLayers: rough.count).trial
            trials.append(trial)
            if trial.passes, trial.seconds < fastest.seconds { (best, fastest) = (session, trial) }
            return trial
        }
        _ = try attempt(.bf16)
        if let whole = try attempt(.int8), !whole.passes {
            let rough = try model.layersTooRoughForInt8(on: images, engine: engine)
            if !rough.isEmpty { _ = try attempt(.int8, rough: rough) }
        }
        return (best, trials)
    }

    /// What an image gets: a vector, or the probabilities of all classes.
    private typealias Answer = [Float]

    /// Passes of which the fastest counts.
    private static let rounds = 3

    private func trial(
        _ images: [PixelImage], reference: [Answer]?, roughLayers: Int = 0
    ) throws(ModelError) -> (trial: PrecisionTrial, answers: [Answer]) {
        var answers: [Answer] = []
        for image in images { answers.append(try trialAnswer(to: image, merge: 0)) }
        var seconds = Double.infinity
        for _ in 0..<Self.rounds {
            let start = ContinuousClock.now
            _ = try trialAnswer(to: images[0], merge: 0)
            seconds = min(seconds, (ContinuousClock.now - start) / .seconds(1))
        }
        let (cosine, agree) = PrecisionTrial.nearness(of: answers, to: reference ?? answers, goldenTask)
        return (
            PrecisionTrial(
                precision: precision, roughLayers: roughLayers, seconds: seconds, cosine: cosine, classesAgree: agree),
            answers
        )
    }

    /// A trial image's vector, or the probabilities of all classes.
    func trialAnswer(to image: PixelImage, merge: Int) throws(ModelError) -> [Float] {
        switch goldenTask {
        case .embed(let pooling):
            return try embed([image], options: EmbeddingOptions(pooling: pooling), merge: merge)[0].values
        case .classify, .reconstruct, nil:
            return try classify([image], topK: model.interface.classes, merge: merge)[0].sorted { $0.index < $1.index }
                .map(\.score)
        }
    }
}

extension PrecisionTrial {
    /// The least cosine between answers to the same images, and whether classes, where those were asked for, agree.
    static func nearness(
        of answers: [[Float]], to reference: [[Float]], _ task: ModelTask?
    ) -> (cosine: Double, classesAgree: Bool) {
        let pairs = Array(zip(answers, reference))
        let cosines = pairs.map { VectorMath.cosine($0, $1) }
        let isClassified = if case .classify = task { true } else { false }
        let agree = !isClassified || pairs.allSatisfy { likeliest($0) == likeliest($1) }
        return (cosines.contains(where: \.isNaN) ? 0 : cosines.min() ?? 1, agree)
    }

    private static func likeliest(_ probabilities: [Float]) -> Int? {
        probabilities.indices.max { probabilities[$0] < probabilities[$1] }
    }
}
