import NIOCore
import UnmaskHeads
import UnmaskModel

/// What a `fit` learns of: vectors, or patch tokens, with the stamp that they have.
struct Examples: Sendable {
    /// Row after row.
    let numbers: [Float]
    let stamp: Stamp
    /// Of images that were run for it, and how the model's patch tokens lie.
    let times: StageTimes?
    let grid: [Int]?
    /// Of the images, where a head learns of their pixels.
    let masks: ExampleMasks.Lesson?

    private static let vectorMembers = ["pooling", "output"]
    static let members = ["vectors", "stamp"] + ImageRequest.parameters + vectorMembers

    private init(
        numbers: [Float], stamp: Stamp, times: StageTimes? = nil, grid: [Int]? = nil, masks: ExampleMasks.Lesson? = nil
    ) {
        (self.numbers, self.stamp, self.times, self.grid, self.masks) = (numbers, stamp, times, grid, masks)
    }

    /// Of `images`, made as `pooling` and `output` say; or `vectors` that answers gave, with their `stamp`.
    static func read(
        _ parameters: Parameters, _ request: Request, for kind: HeadKind, _ context: MethodContext
    ) async throws(ServiceError) -> Examples {
        let examples =
            if parameters["vectors"] == nil {
                try await images(parameters, request, kind, context)
            } else {
                try vectors(parameters, request)
            }
        try examples.require(kind, parameters)
        return examples
    }

    private static func vectors(_ parameters: Parameters, _ request: Request) throws(ServiceError) -> Examples {
        if let member = (ImageRequest.parameters + vectorMembers).first(where: { parameters[$0] != nil }) {
            throw parameters.mismatch(member, "left out: vectors are given")
        }
        let numbers = try parameters.vector("vectors", frames: request.frames)
        guard let stamp = Stamp(try ResultStamp(parameters["stamp"], at: "params.stamp")) else {
            throw parameters.mismatch("stamp", "as the answer that gave the vectors has it")
        }
        return Examples(numbers: numbers, stamp: stamp)
    }

    private static func images(
        _ parameters: Parameters, _ request: Request, _ kind: HeadKind, _ context: MethodContext
    ) async throws(ServiceError) -> Examples {
        if parameters["stamp"] != nil { throw parameters.mismatch("stamp", "left out: it belongs to vectors") }
        let images = try parameters.images(frames: request.frames, maximum: context.limits.imagesPerRequest)
        let run = try await ImageRequest(parameters, context)
        let model = run.model.description
        let masks = kind.learns == .mask ? try ExampleMasks(parameters, request, images: images.count) : nil
        let vector = try vectorOptions(parameters, kind, run.model, masksSeed: parameters.seed("seed") ?? 0)
        // Nothing is lowered: the vectors would not be those that the head is asked with.
        let asked = TokenUse(mask: .none(patches: model.interface.patches), merge: model.merge)
        let (outcomes, use) = try await run.run(images, .embed(vector), TokenBudget(asked: asked), context)
        let results = ItemResults(outcomes.map { $0.result.then(EmbeddingOutput.init) }, outcomes, context)
        var numbers: [Float] = []
        for (index, item) in results.items.enumerated() {
            do throws(ServiceError) { numbers += try item.get().values } catch {
                throw ServiceError(error.type, "image \(index): \(error.message)")
            }
        }
        guard let stamp = Stamp(run.stamp(use, vector: vector)) else { throw .unexpectedOutput }
        let lesson = try await lesson(masks, of: images, run, context)
        return Examples(
            numbers: numbers, stamp: stamp, times: results.times, grid: model.interface.grid, masks: lesson)
    }

    /// What masks say, read beside the engine.
    private static func lesson(
        _ masks: ExampleMasks?, of images: [ImageSource], _ run: ImageRequest, _ context: MethodContext
    ) async throws(ServiceError) -> ExampleMasks.Lesson? {
        guard let masks else { return nil }
        let (grid, loader) = (run.model.description.interface.grid, context.scheduler.loader)
        let outcome = try await context.scheduler.runBlocking {
            Result { () throws(ServiceError) in
                do throws(HeadError) {
                    return try PatchGrid(rows: grid[0], columns: grid[1])
                } catch {
                    throw ServiceError(error)
                }
            }.flatMap { grid in
                Result { () throws(ServiceError) in try masks.lesson(of: images, run, grid: grid, loader) }
            }
        }
        return try outcome.get()
    }

    private static func vectorOptions(
        _ parameters: Parameters, _ kind: HeadKind, _ model: RegisteredModel, masksSeed: UInt64
    ) throws(ServiceError) -> VectorOptions {
        let interface = model.description.interface
        guard kind.readsTokens else { return try parameters.vectorOptions(of: interface) }
        if parameters["pooling"] != nil {
            throw parameters.mismatch("pooling", "left out: a head of kind \(kind.rawValue) reads patch tokens")
        }
        guard interface.width(of: .tokens) > 0 else {
            throw parameters.mismatch(
                "kind", "one that reads a vector, as linear: \(model.name) gives no patch tokens")
        }
        var vector = try parameters.vectorOptions(of: interface, usual: .tokens)
        if kind == .anomaly {
            vector.sources = try parameters.anomalySources(vector.sources, of: interface, seed: masksSeed)
        }
        vector.dimensions = interface.width(of: .tokens, vector.sources)
        return vector
    }

    /// Throws where a head of that kind does not read what these are.
    private func require(_ kind: HeadKind, _ parameters: Parameters) throws(ServiceError) {
        guard kind.readsTokens == (stamp.pooling == .tokens) else {
            throw parameters.mismatch(
                "kind",
                stamp.pooling == .tokens
                    ? "ep, attentive, segment or anomaly, which read patch tokens" : "one that reads a vector",
                found: kind.rawValue)
        }
        guard count * rowCount == numbers.count, count > 0 else {
            throw ServiceError(
                .invalidParams,
                "params.vectors has \(numbers.count) numbers: expected rows of \(rowCount), as their stamp says")
        }
    }

    /// Numbers of an example.
    private var rowCount: Int { stamp.pooling == .tokens ? stamp.tokens * stamp.dimension : stamp.dimension }
    var count: Int { numbers.count / max(rowCount, 1) }

    /// The head that they make.
    func fit(_ fitting: HeadFitting, _ labels: ExampleLabels) throws(HeadError) -> Head {
        let lesson = try labels.lesson
        guard stamp.pooling == .tokens else {
            return try fitting.fit(
                FeatureMatrix(numbers, width: stamp.dimension), lesson, labels: labels.names, stamp: stamp)
        }
        let tokens = try TokenMatrix(numbers, tokens: stamp.tokens, width: stamp.dimension)
        if let masks {
            return try fitting.fit(tokens, masks.points, labels: masks.labels, stamp: stamp, facts: masks.facts)
        }
        guard case .labels(let targets) = lesson else {
            guard let grid else {
                throw .unsupported(
                    "a head of kind \(fitting.kind.rawValue) is fitted on images: vectors do not say how patches lie")
            }
            return try fitting.fit(tokens, PatchGrid(rows: grid[0], columns: grid[1]), stamp: stamp)
        }
        return try fitting.fit(tokens, targets, labels: labels.names, stamp: stamp)
    }
}

extension Parameters {
    /// Reads `by` and `passes`: what an anomaly head reads, of tokens of these sources.
    fileprivate func anomalySources(
        _ tokens: [VectorSource], of model: ModelInterface, seed: UInt64
    ) throws(ServiceError) -> [VectorSource] {
        let measure: AnomalyMeasure = try choice("by") ?? .memory
        let passes = try integer("passes", in: 2...4096)
        guard passes == nil || measure != .memory else {
            throw mismatch("passes", "left out: memory hides nothing; say by reconstruction or both")
        }
        guard measure != .reconstruction || self["output"] == nil else {
            throw mismatch("output", "left out: reconstruction reads no tokens")
        }
        guard tokens.masks == nil else {
            throw mismatch("output", "tokens alone: errors are asked for with by", found: tokens.output ?? "")
        }
        let sources = measure.sources(
            tokens, ComplementaryMasks(count: passes ?? ComplementaryMasks.usualCount, seed: seed))
        do throws(ModelError) { try model.require(sources, of: .tokens) } catch {
            throw ServiceError(.invalidParams, "params.by: \(error)")
        }
        return sources
    }
}

extension Stamp {
    /// Nil where it is not a vector's.
    init?(_ stamp: ResultStamp) {
        guard let pooling = stamp.pooling.flatMap(Pooling.init(rawValue:)), let dimension = stamp.dimension,
            let normalized = stamp.normalized
        else { return nil }
        self.init(
            model: stamp.model, recipe: stamp.recipe, precision: stamp.precision, pooling: pooling,
            dimension: dimension, tokens: stamp.tokens, normalized: normalized, merge: stamp.merge,
            output: stamp.output)
    }
}
