import UnmaskImage
import UnmaskModel

/// What `embed`, `classify` and `reconstruct` have in common.
struct ImageRequest: Sendable {
    static let parameters = ["images", "model", "recipe", "deadline_ms"]

    var model: RegisteredModel
    var images: [ImageSource]
    var recipe: Recipe.Name
    var deadline: ContinuousClock.Instant?

    init(_ parameters: Parameters, _ request: Request, _ context: MethodContext) throws(ServiceError) {
        model = try context.models.model(named: try parameters.string("model"))
        images = try parameters.images(frames: request.frames, maximum: context.limits.imagesPerRequest)
        recipe = try Self.recipe(parameters, of: model.description)
        let milliseconds = try parameters.integer("deadline_ms", in: 1...86_400_000)
        deadline = milliseconds.map { context.received + .milliseconds($0) }
    }

    private static func recipe(
        _ parameters: Parameters, of model: ModelDescription
    ) throws(ServiceError) -> Recipe.Name {
        guard let name = try parameters.string("recipe") else { return model.recipes[0] }
        guard let recipe = Recipe.Name(rawValue: name), model.recipes.contains(recipe) else {
            throw parameters.mismatch("recipe", "one of " + model.recipes.map(\.rawValue).joined(separator: ", "))
        }
        return recipe
    }

    /// Runs one operation over all images, each under the same mask.
    func run(
        _ operation: InferenceOperation, mask: Mask, _ context: MethodContext
    ) async throws(ServiceError) -> [ImageOutcome] {
        let jobs = images.map {
            ImageJob(model: model, source: $0, recipe: recipe, mask: mask, operation: operation)
        }
        let outcomes = try await context.scheduler.run(jobs, deadline: deadline)
        for outcome in outcomes { context.metrics.image(outcome.times) }
        return outcomes
    }

    /// Writes what made the result: vectors with different stamps are never to be compared.
    func writeStamp(to json: inout JSONWriter, mask: Mask, vector: VectorOptions? = nil) {
        let size = model.description.interface.imageSize
        json.key("stamp")
        json.object { stamp in
            stamp.field("model", model.description.hash)
            stamp.field("recipe", "\(recipe.rawValue) \(size[0])x\(size[1])")
            stamp.field("precision", model.description.precision)
            if let vector {
                stamp.field("pooling", vector.pooling.rawValue)
                stamp.field("dimension", vector.dimensions)
            }
            stamp.field("tokens", mask.kept)
            if let vector { stamp.field("normalized", vector.normalize) }
        }
    }
}
