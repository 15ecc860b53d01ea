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
            licence: model.licence, maximumBatch: session.maximumBatch)
    }

    public func warmUp() throws {
        try session.prepare(.embed(nil))
        if session.model.hasHead { try session.prepare(.classify) }
        if session.model.hasDecoder { try session.prepare(.reconstruct) }
    }

    public func prepare(
        _ encoded: [UInt8], recipe: Recipe.Name, limits: ImageLimits
    ) throws(ImageError) -> PixelImage {
        try (recipes[recipe] ?? session.model.recipe).prepare(encoded, limits: limits)
    }

    public func run(_ batch: InferenceBatch) throws(ServiceError) -> [Result<InferenceOutput, ServiceError>] {
        do throws(ModelError) {
            return try outputs(of: batch).map { .success($0) }
        } catch {
            throw ServiceError(.internal, error.description)
        }
    }

    private func outputs(of batch: InferenceBatch) throws(ModelError) -> [InferenceOutput] {
        let (images, masks) = (batch.items.map(\.image), batch.items.map(\.mask))
        switch batch.operation {
        case .embed(let vector):
            let options = EmbeddingOptions(
                pooling: vector.pooling, normalize: vector.normalize, dimensions: vector.dimensions)
            return try session.embed(images, options: options, masks: masks).map {
                .embedding(EmbeddingOutput(values: $0.values, shape: $0.shape))
            }
        case .classify(let topK):
            return try session.classify(images, topK: topK, masks: masks).map { .classes($0) }
        case .reconstruct:
            return try session.reconstruct(images, masks: masks).map {
                .reconstruction(ReconstructionOutput(pictures: $0.panel(), patchErrors: $0.patchErrors))
            }
        }
    }
}
