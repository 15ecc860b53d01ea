public import UnmaskImage
public import UnmaskModel

/// The real engine behind the service's seam: one loaded model and its session.
public struct ModelBackend: InferenceBackend {
    public let description: ModelDescription
    private let session: ModelSession
    private let warming: WarmUp
    /// Of weights from the cache: the model is tried, and they are proven, while the server listens already; no batch runs
    /// before. What was found wrong, or nil.
    private let trial: BackgroundValue<String?>?
    /// What the trial is to find.
    private let keptGolden: GoldenVector?
    /// What a request may ask for.
    private let recipes: [RecipeChoice: Recipe]

    /// Packs the weights of the model's own task, while its hash is computed; takes neither time where both were kept.
    ///
    /// Throws `ModelError` where the file is not what it states, or was changed since it was opened.
    /// - Parameter warmUp: how it shares the engine with other models while it is loaded.
    public init(_ session: ModelSession, warmUp: WarmUp = WarmUp()) throws(ModelError) {
        let model = session.model
        let keptGolden = session.keptGolden
        if keptGolden == nil {
            model.beginHashing()
            if let task = session.ownTasks.first { try session.prepare(task, slices: warmUp.slices) }
        }
        let recipes = model.recipes
        self.session = session
        warming = warmUp
        self.recipes = Dictionary(uniqueKeysWithValues: recipes.map { ($0.choice, $0.recipe) })
        let hash = try session.expectedHash
        self.keptGolden = keptGolden
        trial = keptGolden.map { golden in
            BackgroundValue { Self.problem(with: session, warmUp, hash: hash, golden: golden) }
        }
        description = ModelDescription(
            hash: hash, interface: model.interface, precision: session.precision.rawValue,
            recipes: recipes.map(\.choice), labels: model.labels,
            licence: model.licence, maximumBatch: session.maximumBatch, golden: model.golden, merge: session.merge,
            mergeRefusal: session.mergeRefusal)
    }

    public func warmUp() throws -> GoldenVector? {
        if let trial {
            trial.begin()
            return keptGolden
        }
        let golden = try session.warmUp(warming)
        Self.keep(session, golden, warming)
        return golden
    }

    /// Leaves the weights for later starts; nobody waits for it.
    private static func keep(_ session: ModelSession, _ golden: GoldenVector?, _ warmUp: WarmUp) {
        BackgroundThread.start {
            do throws(ModelError) { try session.keepWeights(golden: golden) } catch { warmUp.note(error.description) }
        }
    }

    public func settle() { _ = trial?.value }

    /// Tries a model whose weights come from the cache, as one that was packed is tried before anyone sees it.
    private static func problem(
        with session: ModelSession, _ warmUp: WarmUp, hash: String, golden: GoldenVector
    ) -> String? {
        func problem() throws(ModelError) -> String? {
            let made = try session.warmUp(warmUp)
            if let made,
                let difference = golden.difference(from: made.vector, precision: session.precision.rawValue)
            {
                return RegistryError.goldenMismatch(session.model.name, difference).description
            }
            if !session.readsKeptWeights { keep(session, made, warmUp) }
            guard try session.model.hash == hash else {
                return "\(session.model.name): its files are not those that its hash \(hash) is of: load it again"
            }
            return nil
        }
        let found: String?
        do throws(ModelError) { found = try problem() } catch { found = error.description }
        if let found { warmUp.note(found) }
        return found
    }

    public func prepare(
        _ encoded: [UInt8], recipe: RecipeChoice, limits: ImageLimits, control: DecodeControl
    ) throws(ImageError) -> PixelImage {
        try (recipes[recipe] ?? session.model.recipe).prepare(encoded, limits: limits, control: control)
    }

    public func decode(
        _ encoded: [UInt8], recipe: RecipeChoice, limits: ImageLimits, control: DecodeControl
    ) throws(ImageError) -> PixelImage {
        try (recipes[recipe] ?? session.model.recipe).decode(encoded, limits: limits, control: control)
    }

    public func prepare(_ pixels: PixelImage, recipe: RecipeChoice) throws(ImageError) -> PixelImage {
        let recipe = recipes[recipe] ?? session.model.recipe
        guard recipe.channels == 1 || recipe.channels == 3 else {
            throw ImageError(
                .unsupported,
                "a model of \(recipe.channels) channels takes pixels of its own size and channels: "
                    + "say \"recipe\":\"none\"")
        }
        return try recipe.apply(to: pixels)
    }

    public func view(of recipe: RecipeChoice, width: Int, height: Int) throws(ImageError) -> RecipeView {
        try RecipeView(recipes[recipe] ?? session.model.recipe, width: width, height: height)
    }

    public func run(_ batch: InferenceBatch) throws(ServiceError) -> [Result<InferenceOutput, ServiceError>] {
        if let problem = trial?.value { throw ServiceError(.internal, problem) }
        do throws(ModelError) {
            let answers = try session.answer(
                batch.items.map { ImageQuestion($0.operation) }, about: batch.items.map(\.image),
                masks: batch.items.map(\.mask), merge: batch.items.first?.merge ?? 0)
            return answers.map { .success(InferenceOutput($0)) }
        } catch {
            throw ServiceError(.internal, error.description)
        }
    }
}

extension ImageQuestion {
    fileprivate init(_ operation: InferenceOperation) {
        switch operation {
        case .embed(let vector):
            self = .embed(
                EmbeddingOptions(
                    pooling: vector.pooling, normalize: vector.normalize, dimensions: vector.dimensions,
                    sources: vector.sources))
        case .classify(let options): self = .classify(options)
        case .reconstruct: self = .reconstruct
        }
    }
}

extension InferenceOutput {
    fileprivate init(_ answer: ImageAnswer) {
        switch answer {
        case .embedding(let embedding):
            self = .embedding(EmbeddingOutput(values: embedding.values, shape: embedding.shape))
        case .classes(let classes): self = .classes(classes)
        case .reconstruction(let reconstruction):
            self = .reconstruction(
                ReconstructionOutput(pictures: reconstruction.pictures, patchErrors: reconstruction.patchErrors))
        }
    }
}
