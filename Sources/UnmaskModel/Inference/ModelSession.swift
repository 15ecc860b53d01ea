public import UnmaskImage
public import UnmaskRuntime

/// A model made ready to run. Safe to share: forward passes take turns on the engine.
///
/// An image's result depends neither on the images beside it nor on the number of threads, to the bit.
public final class ModelSession: Sendable {
    public let model: Model
    /// The most whole images of one forward pass; longer lists are cut. A file that fixes its batch decides it.
    public let maximumBatch: Int
    package let session: Session

    /// - Parameters:
    ///   - engine: may serve several sessions; by default one of its own on all processors this process may use.
    ///   - disabledPasses: names of graph passes to leave out, to see what they are worth.
    public convenience init(
        _ model: Model, engine: Engine? = nil, maximumBatch: Int = 8, disabledPasses: Set<String> = []
    ) throws(ModelError) {
        try self.init(
            model, engine: engine, maximumBatch: maximumBatch, disabledPasses: disabledPasses, pixels: .bytes)
    }

    package init(
        _ model: Model, engine: Engine?, maximumBatch: Int, disabledPasses: Set<String>, pixels: PixelInput
    ) throws(ModelError) {
        guard (1...4096).contains(maximumBatch) else {
            throw .invalidRequest("a batch of \(maximumBatch) images: expected 1 to 4096")
        }
        if let fixed = model.interface.fixedBatch, fixed > 4096 {
            throw .unsupported(file: model.name, feature: "its batch is \(fixed) images; expected 1 to 4096")
        }
        model.beginVerifying()
        let graph = try model.graph(pixels: pixels)
        session = try runnable { () throws(RuntimeError) in
            let engine = if let engine { engine } else { try Engine() }
            return try Session(graph, engine: engine, disabledPasses: disabledPasses)
        }
        self.model = model
        self.maximumBatch = model.interface.fixedBatch ?? maximumBatch
    }

    public var engine: Engine { session.engine }

    /// The most images of one pass that see `kept` patches each: as many as have no more tokens than `maximumBatch`
    /// whole images. The decoder sees every patch again, so `decoding` gains nothing from a mask.
    public func maximumBatch(kept: Int, decoding: Bool = false) -> Int {
        guard !decoding, kept > 0, model.interface.fixedBatch == nil else { return maximumBatch }
        return min(4096, max(maximumBatch, maximumBatch * (1 + model.interface.patches) / (1 + kept)))
    }

    /// Packs the weights and makes room for full batches of whole images, so that no request pays for it.
    ///
    /// Sessions that share the engine run on meanwhile.
    /// - Parameter slices: is told of each weight that was packed.
    /// - Returns: the plan, for reports.
    @discardableResult
    public func prepare(
        _ task: ModelTask, batch: Int? = nil, kept: Int? = nil, slices: Slices? = nil
    ) throws(ModelError) -> Plan {
        let sizes = bindings(batch: batch ?? maximumBatch, kept: kept ?? model.interface.patches)
        let outputs = try outputs(of: task)
        model.beginVerifying()
        let plan = try runnable { () throws(RuntimeError) in
            try session.prepare(bindings: sizes, outputs: outputs, slices: slices)
        }
        try model.verify()
        return plan
    }

    /// Names of the weights packed so far in which a NaN or an infinity was found.
    public var nonfiniteWeights: [String] { session.nonfiniteWeights }

    /// What each graph pass changed.
    public var rewrites: [(pass: String, rewrites: Int)] { session.rewrites }

    /// What of a pass over one image runs on fused kernels, and what on plain ones.
    public func fusionReport(_ task: ModelTask) throws(ModelError) -> FusionReport {
        let sizes = bindings(batch: 1, kept: model.interface.patches)
        let outputs = try outputs(of: task)
        return try runnable { () throws(RuntimeError) in
            try session.fusionReport(bindings: sizes, outputs: outputs)
        }
    }

    // MARK: Tasks

    /// - Parameter masks: one for each image; nil: every patch is seen.
    public func embed(
        _ images: [PixelImage], options: EmbeddingOptions = EmbeddingOptions(), masks: [Mask]? = nil
    ) throws(ModelError) -> [Embedding] {
        let outputs = try outputs(for: .embed(options))
        let answers = try run(images, masks: masks, outputs: outputs)
        let hash = try model.hash
        return answers.map { embedding($0, options, hash) }
    }

    /// The most probable classes of each image, most probable first; among equals the lower index first.
    public func classify(
        _ images: [PixelImage], topK: Int = 5, masks: [Mask]? = nil
    ) throws(ModelError) -> [[ClassScore]] {
        let outputs = try outputs(for: .classify(topK: topK))
        return try run(images, masks: masks, outputs: outputs).map { classes($0, topK: topK) }
    }

    /// Rebuilds the hidden patches of each image from its visible ones.
    public func reconstruct(_ images: [PixelImage], masks: [Mask]) throws(ModelError) -> [Reconstruction] {
        let outputs = try outputs(for: .reconstruct)
        return zip(images, try run(images, masks: masks, outputs: outputs)).map { reconstruction(of: $0, $1) }
    }

    /// Asks something else of each image; images that see equally many patches share a pass whatever they are asked.
    /// - Parameter slices: how passes share the engine with other sessions'; nil: each is in one piece.
    public func answer(
        _ questions: [ImageQuestion], about images: [PixelImage], masks: [Mask], slices: Slices? = nil
    ) throws(ModelError) -> [ImageAnswer] {
        guard questions.count == images.count else {
            throw .invalidRequest("\(questions.count) questions about \(images.count) images: expected one for each")
        }
        var outputs: Set<String> = []
        for question in questions { outputs.formUnion(try self.outputs(for: question)) }
        let answers = try run(images, masks: masks, outputs: outputs.sorted(), slices: slices)
        let hash = try model.hash
        return zip(questions, zip(images, answers)).map { question, answered in
            switch question {
            case .embed(let options): .embedding(embedding(answered.1, options, hash))
            case .classify(let topK): .classes(classes(answered.1, topK: topK))
            case .reconstruct: .reconstruction(reconstruction(of: answered.0, answered.1))
            }
        }
    }

    private func outputs(for question: ImageQuestion) throws(ModelError) -> [String] {
        switch question {
        case .embed(let options):
            try options.validate(for: model)
            if let block = options.block { return [ModelGraph.block(block)] }
            return [(options.pooling ?? model.interface.pooling).rawValue]
        case .classify(let topK):
            guard topK > 0 else { throw .invalidRequest("top-k \(topK): expected at least 1") }
            return try outputs(of: .classify)
        case .reconstruct: return try outputs(of: .reconstruct)
        }
    }

    private func embedding(_ answer: PassAnswer, _ options: EmbeddingOptions, _ hash: String) -> Embedding {
        let pooling = options.pooling ?? model.interface.pooling
        let width = model.interface.width(of: pooling)
        let output = options.block.map(ModelGraph.block)
        let pooled =
            if let output {
                pooling.pool(answer.values[output] ?? [], width: width)
            } else {
                answer.values[pooling.rawValue] ?? []
            }
        let dimension = options.dimensions ?? width
        let shape = model.interface.shape(of: pooling, kept: answer.mask.kept) ?? [width]
        return Embedding(
            shape: shape.dropLast() + [dimension],
            values: options.finish(pooled, width: width),
            stamp: Stamp(
                model: hash, recipe: model.recipe.stamp, precision: "f32", pooling: pooling,
                dimension: dimension, tokens: answer.mask.kept, normalized: options.normalize, output: output))
    }

    private func classes(_ answer: PassAnswer, topK: Int) -> [ClassScore] {
        let probabilities = Array(answer.values[ModelGraph.probabilities] ?? [])
        let best = probabilities.indices.sorted { (-probabilities[$0], $0) < (-probabilities[$1], $1) }
        return best.prefix(topK).map { index in
            ClassScore(
                label: index < model.labels.count ? model.labels[index] : String(index), index: index,
                probability: probabilities[index])
        }
    }

    private func reconstruction(of image: PixelImage, _ answer: PassAnswer) -> Reconstruction {
        Reconstruction(
            image: image, mask: answer.mask, prediction: Array(answer.values[ModelGraph.prediction] ?? []),
            model: model)
    }

    // MARK: Forward passes

    /// One image's part of a forward pass.
    private struct PassAnswer {
        let mask: Mask
        let values: [String: ArraySlice<Float>]
    }

    /// Runs images in as few passes as their token counts and the batch limit allow; answers in the images' order.
    private func run(
        _ images: [PixelImage], masks: [Mask]?, outputs: [String], slices: Slices? = nil
    ) throws(ModelError) -> [PassAnswer] {
        let c = model.interface
        let masks = masks ?? Array(repeating: Mask.none(patches: c.patches), count: images.count)
        guard masks.count == images.count else {
            throw .invalidMask("\(masks.count) masks for \(images.count) images: expected one for each")
        }
        if let wrong = masks.first(where: { $0.patches != c.patches }) {
            throw .invalidMask("a mask of \(wrong.patches) patches: the model's images have \(c.patches)")
        }
        if !c.takesMasks, masks.contains(where: { $0.kept < $0.patches }) {
            throw .invalidMask("\(model.name) always sees the whole image: it is a graph without ids_keep")
        }
        let expected = c.imageSize + [c.channels]
        for image in images where [image.height, image.width, image.channels] != expected {
            throw .imageMismatch(expected: expected, found: [image.height, image.width, image.channels])
        }
        model.beginVerifying()
        var answers = [PassAnswer?](repeating: nil, count: images.count)
        let groups = Dictionary(grouping: images.indices) { masks[$0].kept }
        for (kept, members) in groups.sorted(by: { $0.key < $1.key }) {
            let most = maximumBatch(kept: kept, decoding: outputs.contains(ModelGraph.prediction))
            for start in stride(from: 0, to: members.count, by: most) {
                let batch = Array(members[start..<min(start + most, members.count)])
                // A pass of a fixed batch is filled up with its last image, whose further answers nobody reads.
                let filled =
                    batch + Array(repeating: batch[batch.count - 1], count: max(0, (c.fixedBatch ?? 0) - batch.count))
                let results = try forward(
                    .u8(try pixels(filled.map { images[$0] })), masks: filled.map { masks[$0] }, kept: kept,
                    outputs: outputs, slices: slices)
                for (place, index) in batch.enumerated() {
                    answers[index] = PassAnswer(mask: masks[index], values: results.mapValues { $0[place] })
                }
            }
        }
        try model.verify()
        return answers.compactMap { $0 }
    }

    /// The pixels of a batch, one image after another.
    private func pixels(_ images: [PixelImage]) throws(ModelError) -> [UInt8] {
        let count = images.reduce(0) { $0 + $1.pixels.count }
        try runnable { () throws(RuntimeError) in
            try Memory.check(bytes: count, purpose: "the pixels of a batch")
        }
        var pixels: [UInt8] = []
        pixels.reserveCapacity(count)
        for image in images { pixels += image.pixels }
        return pixels
    }

    /// One forward pass over images of equal token counts, timed step by step.
    public func profile(
        _ task: ModelTask, _ images: [PixelImage], masks: [Mask]
    ) throws(ModelError) -> [(step: Plan.Step, time: Duration)] {
        let names = try outputs(of: task)
        let inputs = inputs(.u8(try pixels(images)), masks)
        let bindings = bindings(batch: images.count, kept: masks.first?.kept ?? 0)
        return try runnable { () throws(RuntimeError) in
            try session.profile(inputs, bindings: bindings, outputs: names)
        }
    }

    private func bindings(batch: Int, kept: Int) -> [String: Int] {
        [ModelGraph.batch: batch, ModelGraph.kept: kept]
    }

    private func inputs(_ pixels: InputArray, _ masks: [Mask]) -> [String: InputArray] {
        [
            ModelGraph.pixels: pixels,
            ModelGraph.idsKeep: .i32(masks.flatMap { $0.idsKeep.map(Int32.init) }),
            ModelGraph.idsRestore: .i32(masks.flatMap { $0.idsRestore.map(Int32.init) }),
        ]
    }

    /// One forward pass over a batch of equal token counts. Outputs by the names in `ModelGraph`.
    package func forward(
        _ pixels: InputArray, masks: [Mask], kept: Int, outputs: [String], slices: Slices? = nil
    ) throws(ModelError) -> [String: OutputArray] {
        let inputs = inputs(pixels, masks)
        return try runnable { () throws(RuntimeError) in
            try session.run(
                inputs, bindings: [ModelGraph.batch: masks.count, ModelGraph.kept: kept], outputs: outputs,
                slices: slices)
        }
    }

    private func outputs(of task: ModelTask) throws(ModelError) -> [String] {
        switch task {
        case .embed(let pooling):
            try EmbeddingOptions(pooling: pooling).validate(for: model)
            return [(pooling ?? model.interface.pooling).rawValue]
        case .classify:
            guard model.hasHead else { throw .noHead(model: model.name) }
            return [ModelGraph.probabilities]
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
        throw .runtime(error.description)
    }
}
