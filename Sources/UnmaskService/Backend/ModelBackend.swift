public import UnmaskImage
public import UnmaskModel

/// The real engine behind the service's seam: one loaded model and its session.
public struct ModelBackend: InferenceBackend {
    public let description: ModelDescription
    private let session: ModelSession
    private let warming: WarmUp
    /// What a request may ask for.
    private let recipes: [RecipeChoice: Recipe]

    /// Packs the weights of the model's own task, while its hash is computed.
    ///
    /// Throws `ModelError` where the file is not what it states, or was changed since it was opened.
    /// - Parameter warmUp: how it shares the engine with other models while it is loaded.
    public init(_ session: ModelSession, warmUp: WarmUp = WarmUp()) throws(ModelError) {
        let model = session.model
        model.beginHashing()
        if let task = session.ownTasks.first { try session.prepare(task, slices: warmUp.slices) }
        let recipes = model.recipes
        self.session = session
        warming = warmUp
        self.recipes = Dictionary(uniqueKeysWithValues: recipes.map { ($0.choice, $0.recipe) })
        description = ModelDescription(
            hash: try model.hash, interface: model.interface, precision: "f32",
            recipes: recipes.map(\.choice), labels: model.labels,
            licence: model.licence, maximumBatch: session.maximumBatch, golden: model.golden)
    }

    public func warmUp() throws -> GoldenVector? { try session.warmUp(warming) }

    public func prepare(
        _ encoded: [UInt8], recipe: RecipeChoice, limits: ImageLimits, control: DecodeControl
    ) throws(ImageError) -> PixelImage {
        try (recipes[recipe] ?? session.model.recipe).prepare(encoded, limits: limits, control: control)
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

    public func run(_ batch: InferenceBatch) throws(ServiceError) -> [Result<InferenceOutput, ServiceError>] {
        do throws(ModelError) {
            let answers = try session.answer(
                batch.items.map { ImageQuestion($0.operation) }, about: batch.items.map(\.image),
                masks: batch.items.map(\.mask))
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
                    block: vector.block))
        case .classify(let topK): self = .classify(topK: topK)
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
                ReconstructionOutput(
                    panel: reconstruction.panel(), reconstruction: reconstruction.reconstruction,
                    patchErrors: reconstruction.patchErrors))
        }
    }
}
