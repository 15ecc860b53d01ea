public import UnmaskImage
public import UnmaskModel

/// The real engine behind the service's seam: one loaded model and its session.
public struct ModelBackend: InferenceBackend {
    public let description: ModelDescription
    private let session: ModelSession
    /// The model's recipe under each name that a request may ask for; mean and std stay the model's.
    private let recipes: [Recipe.Name: Recipe]

    public init(_ session: ModelSession) throws(RecipeError) {
        let model = session.model
        let own = model.recipe
        var recipes: [Recipe.Name: Recipe] = [:]
        for name in Recipe.Name.allCases {
            recipes[name] = try Recipe(name, height: own.height, width: own.width, mean: own.mean, std: own.std)
        }
        self.session = session
        self.recipes = recipes
        description = ModelDescription(
            hash: model.hash, interface: model.interface, precision: "f32",
            recipes: [own.name] + Recipe.Name.allCases.filter { $0 != own.name }, labels: model.labels,
            licence: model.licence, maximumBatch: session.maximumBatch, golden: model.golden)
    }

    public func warmUp() throws -> GoldenVector? {
        if session.model.interface.width > 0 { try session.prepare(.embed(nil)) }
        if session.model.hasHead { try session.prepare(.classify) }
        if session.model.hasDecoder { try session.prepare(.reconstruct) }
        return try session.goldenVector()
    }

    public func prepare(
        _ encoded: [UInt8], recipe: Recipe.Name, limits: ImageLimits, control: DecodeControl
    ) throws(ImageError) -> PixelImage {
        try (recipes[recipe] ?? session.model.recipe).prepare(encoded, limits: limits, control: control)
    }

    public func prepare(_ pixels: PixelImage, recipe: Recipe.Name) throws(ImageError) -> PixelImage {
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
