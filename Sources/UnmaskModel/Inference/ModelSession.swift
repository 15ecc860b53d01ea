public import UnmaskGraph
public import UnmaskImage
public import UnmaskRuntime

/// A model made ready to run. Safe to share: forward passes take turns on the engine.
///
/// An image's result depends neither on the images beside it nor on the number of threads, to the bit.
public final class ModelSession: Sendable {
    public let model: Model
    /// The most whole images of one forward pass; longer lists are cut. A file that fixes its batch decides it.
    public let maximumBatch: Int
    /// Tokens that each block merges into others where a request does not say: r; 0 for none (`MergeTokens`).
    public let merge: Int
    package let session: Session
    private let cache: WeightCache?
    /// Of packed weights that were found in the cache.
    let proof: WeightProof?

    /// - Parameters:
    ///   - engine: may serve several sessions; by default one of its own on all processors this process may use.
    ///   - disabledPasses: names of graph passes to leave out, to see what they are worth.
    ///   - precision: what products may be computed in; `precision` says what they are.
    ///   - rough: names of layers that int8 would round too roughly: they take the next best.
    ///   - merge: tokens that each block merges into others; 0 for none.
    ///   - cache: where an earlier start may have left packed weights, and `keepWeights` leaves them.
    public convenience init(
        _ model: Model, engine: Engine? = nil, maximumBatch: Int = 8, disabledPasses: Set<String> = [],
        precision: Precision = .f32, rough: Set<String> = [], merge: Int = 0, cache: WeightCache? = nil
    ) throws(ModelError) {
        try self.init(
            model, engine: engine, maximumBatch: maximumBatch, disabledPasses: disabledPasses, precision: precision,
            rough: rough, merge: merge, cache: cache, pixels: .bytes)
    }

    /// Weights and plans are shared.
    private init(_ other: ModelSession, merge: Int) throws(ModelError) {
        session = other.session
        model = other.model
        cache = other.cache
        proof = other.proof
        maximumBatch = other.maximumBatch
        self.merge = merge
        try checkMerge(merge)
    }

    /// The same session with another merge of its own.
    public func merging(_ merge: Int) throws(ModelError) -> ModelSession { try ModelSession(self, merge: merge) }

    package init(
        _ model: Model, engine: Engine?, maximumBatch: Int, disabledPasses: Set<String>, precision: Precision = .f32,
        rough: Set<String> = [], merge: Int = 0, cache: WeightCache? = nil, pixels: PixelInput
    ) throws(ModelError) {
        guard (1...4096).contains(maximumBatch) else {
            throw .invalidRequest("a batch of \(maximumBatch) images: expected 1 to 4096")
        }
        if let fixed = model.interface.fixedBatch, fixed > 4096 {
            throw .unsupported(file: model.name, feature: "its batch is \(fixed) images; expected 1 to 4096")
        }
        let graph = try model.graph(pixels: pixels)
        session = try runnable { () throws(RuntimeError) in
            let engine = if let engine { engine } else { try Engine() }
            return try Session(
                graph, engine: engine, disabledPasses: disabledPasses, precision: precision, rough: rough)
        }
        self.model = model
        self.cache = cache
        proof = try runnable { [session] () throws(RuntimeError) in try cache?.find(model.source, for: session) }
        // Neither comes in the way of a start from the cache: who is to answer next begins them.
        if proof == nil { model.beginVerifying() }
        self.maximumBatch = model.interface.fixedBatch ?? maximumBatch
        self.merge = merge
        try checkMerge(merge)
    }

    public var engine: Engine { session.engine }

    /// The lowest that any product is computed in: float32 where the engine has nothing faster than that.
    public var precision: Precision { session.precision }

    /// The most images of one pass that see `kept` patches each: as many as have no more tokens than `maximumBatch`
    /// whole images. The decoder sees every patch again, so `decoding` gains nothing from a mask.
    public func maximumBatch(kept: Int, decoding: Bool = false) -> Int {
        guard !decoding, kept > 0, model.interface.fixedBatch == nil else { return maximumBatch }
        let prefix = model.interface.prefix
        return min(4096, max(maximumBatch, maximumBatch * (prefix + model.interface.patches) / (prefix + kept)))
    }

    /// Packs the weights and makes room for full batches of whole images, so that no request pays for it.
    ///
    /// Sessions that share the engine run on meanwhile.
    /// - Parameter slices: is told of each weight that was packed.
    /// - Returns: the plan, for reports.
    @discardableResult
    public func prepare(
        _ task: ModelTask, batch: Int? = nil, kept: Int? = nil, merge: Int? = nil, slices: Slices? = nil
    ) throws(ModelError) -> Plan {
        let sizes = ModelGraph.bindings(batch: batch ?? maximumBatch, kept: kept ?? model.interface.patches)
        let outputs = try outputs(of: task)
        if proof == nil { model.beginVerifying() }
        let merging = merging(merge ?? self.merge, kept: kept ?? model.interface.patches)
        let plan = try runnable { () throws(RuntimeError) in
            try session.prepare(bindings: sizes, outputs: outputs, merging: merging, slices: slices)
        }
        // Weights from the cache are proven before an answer leaves, and the model's files with them.
        if let proof { proof.begin(model) } else { try model.verify() }
        return plan
    }

    /// Whether the weights are read from the cache.
    public var readsKeptWeights: Bool { session.readsKeptWeights }

    /// The packed weights' room, in bytes.
    public var weightBytes: Int { session.weightBytes }

    /// The model's content hash; of weights from the cache the one that they were found by, which no answer trusts before it
    /// is proven. Waits where it is not known yet.
    public var expectedHash: String {
        get throws(ModelError) { if let proof { proof.hash } else { try model.hash } }
    }

    /// Leaves the packed weights in the cache for later starts, those included that nothing has needed yet; where there is a
    /// cache, and they do not come from it.
    ///
    /// Throws where the model's files cannot be read any longer, or are not what they state.
    /// - Parameter golden: what the session makes of the golden image, for later starts to compare with.
    public func keepWeights(golden: GoldenVector? = nil) throws(ModelError) {
        guard let cache, !readsKeptWeights || golden != nil else { return }
        cache.keep(model.source, session, hash: try model.hash, golden: golden)
    }

    /// What the golden image is to come out as, of weights that come from the cache: as an earlier start found it, or as the
    /// file states it; nil where neither is known, or the weights were packed.
    public var keptGolden: GoldenVector? {
        proof.flatMap { proof in cache?.golden(of: proof) ?? model.golden }
    }

    /// Runs passes, and runs them again where the weights that they read from the cache turn out to be wrong.
    func proven<Answers>(_ passes: () throws(ModelError) -> Answers) throws(ModelError) -> Answers {
        let isKept = readsKeptWeights
        let answers = try passes()
        guard isKept, let proof, let problem = try proof.problem(model) else { return answers }
        try runnable { () throws(RuntimeError) in try session.forsakeFile(because: problem) }
        return try passes()
    }

    /// Names of the weights packed so far in which a NaN or an infinity was found.
    public var nonfiniteWeights: [String] { session.nonfiniteWeights }

    /// What each graph pass changed.
    public var rewrites: [(pass: String, rewrites: Int)] { session.rewrites }

    /// What of a pass over one image runs on fused kernels, and what on plain ones.
    public func fusionReport(_ task: ModelTask) throws(ModelError) -> FusionReport {
        let sizes = ModelGraph.bindings(batch: 1, kept: model.interface.patches)
        let outputs = try outputs(of: task)
        let merging = merging(merge, kept: model.interface.patches)
        return try runnable { () throws(RuntimeError) in
            try session.fusionReport(bindings: sizes, outputs: outputs, merging: merging)
        }
    }

    // MARK: Tasks

    /// - Parameters:
    ///   - masks: one for each image; nil: every patch is seen.
    ///   - merge: tokens that each block merges into others; nil: the session's own.
    public func embed(
        _ images: [PixelImage], options: EmbeddingOptions = EmbeddingOptions(), masks: [Mask]? = nil, merge: Int? = nil
    ) throws(ModelError) -> [Embedding] {
        let questions = images.map { _ in ImageQuestion.embed(options) }
        return try answer(questions, about: images, masks: masks, merge: merge).compactMap { answer in
            if case .embedding(let embedding) = answer { embedding } else { nil }
        }
    }

    /// The labels of each image that score most, the highest score first; among equals the lower index first.
    public func classify(
        _ images: [PixelImage], topK: Int = 5, scores: ScoreKind? = nil, threshold: Float? = nil,
        masks: [Mask]? = nil, merge: Int? = nil
    ) throws(ModelError) -> [[ClassScore]] {
        let options = ClassificationOptions(topK: topK, scores: scores, threshold: threshold)
        let outputs = try outputs(for: .classify(options))
        let kind = try options.kind(for: model)
        return try run(images, masks: masks, merge: merge, outputs: outputs).map { classes($0, options, kind) }
    }

    /// Rebuilds the hidden patches of each image from its visible ones. Merged tokens are put back before the decoder.
    public func reconstruct(
        _ images: [PixelImage], masks: [Mask], merge: Int? = nil
    ) throws(ModelError) -> [Reconstruction] {
        let outputs = try outputs(for: .reconstruct)
        return zip(images, try run(images, masks: masks, merge: merge, outputs: outputs)).map {
            reconstruction(of: $0, $1)
        }
    }

    /// Asks something else of each image; images that see equally many patches share a pass whatever they are asked.
    /// - Parameters:
    ///   - masks: one for each image; nil: every patch is seen.
    ///   - merge: tokens that each block merges into others; nil: the session's own.
    ///   - slices: how passes share the engine with other sessions'; nil: each is in one piece.
    public func answer(
        _ questions: [ImageQuestion], about images: [PixelImage], masks: [Mask]? = nil, merge: Int? = nil,
        slices: Slices? = nil
    ) throws(ModelError) -> [ImageAnswer] {
        guard questions.count == images.count else {
            throw .invalidRequest("\(questions.count) questions about \(images.count) images: expected one for each")
        }
        var outputs: Set<String> = []
        for question in questions { outputs.formUnion(try self.outputs(for: question)) }
        let answers = try run(images, masks: masks, merge: merge, outputs: outputs.sorted(), slices: slices)
        let errors = try errors(questions, of: images, answers, slices)
        let hash = try model.hash
        return try questions.indices.map { index throws(ModelError) in
            switch questions[index] {
            case .embed(let options): .embedding(embedding(answers[index], errors[index], options, hash))
            case .classify(let options): .classes(classes(answers[index], options, try options.kind(for: model)))
            case .reconstruct: .reconstruction(reconstruction(of: images[index], answers[index]))
            }
        }
    }

    private func outputs(for question: ImageQuestion) throws(ModelError) -> [String] {
        switch question {
        case .embed(let options):
            try options.validate(for: model)
            return options.sources.compactMap { output(of: $0, options.pooling ?? model.interface.pooling) }
        case .classify(let options): return [try options.kind(for: model).output]
        case .reconstruct: return try outputs(of: .reconstruct)
        }
    }

    private func classes(
        _ answer: PassAnswer, _ options: ClassificationOptions, _ kind: ScoreKind
    ) -> [ClassScore] {
        ClassScore.best(Array(answer.values[kind.output] ?? []), kind, labels: model.labels, options)
    }

    private func reconstruction(of image: PixelImage, _ answer: PassAnswer) -> Reconstruction {
        Reconstruction(
            image: image, mask: answer.mask, prediction: Array(answer.values[ModelGraph.prediction] ?? []),
            model: model)
    }

    func outputs(of task: ModelTask) throws(ModelError) -> [String] {
        switch task {
        case .embed(let pooling):
            try EmbeddingOptions(pooling: pooling).validate(for: model)
            return [(pooling ?? model.interface.pooling).rawValue]
        case .classify:
            return [try ClassificationOptions().kind(for: model).output]
        case .reconstruct:
            guard model.hasDecoder else { throw .noDecoder(model: model.name) }
            return [ModelGraph.prediction]
        }
    }
}

/// What a session can be asked for.
public enum ModelTask: Sendable, Hashable {
    case embed(Pooling?)
    case classify
    case reconstruct
}

/// Turns the runtime's error into the model's.
func runnable<T>(_ body: () throws(RuntimeError) -> T) throws(ModelError) -> T {
    do throws(RuntimeError) { return try body() } catch {
        if case .fileChanged = error { throw .unreadable(error.description) }
        if case .unmergeable = error { throw .unmergeable(error.description) }
        throw .runtime(error.description)
    }
}
