/// What `embed`, `classify` and `reconstruct` have in common.
struct ImageRequest: Sendable {
    static let parameters = ["images", "model", "recipe", "deadline_ms"]

    var model: RegisteredModel
    var images: [ImageSource]
    var recipe: String
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
    ) throws(ServiceError) -> String {
        guard let name = try parameters.string("recipe") else { return model.recipes.first ?? "" }
        guard model.recipes.contains(name) else {
            throw parameters.mismatch("recipe", "one of " + model.recipes.joined(separator: ", "))
        }
        return name
    }

    /// Runs one operation over all images.
    func run(
        _ operation: InferenceOperation, idsKeep: [Int]?, options: OutputOptions, _ context: MethodContext
    ) async throws(ServiceError) -> [ImageOutcome] {
        let jobs = images.map {
            ImageJob(
                model: model, source: $0, idsKeep: idsKeep, operation: operation, recipe: recipe, options: options)
        }
        let outcomes = try await context.scheduler.run(jobs, deadline: deadline)
        for outcome in outcomes { context.metrics.image(outcome.times) }
        return outcomes
    }

    /// The fields that every vector and picture carries to say what made it.
    func writeStamp(
        to writer: inout JSONWriter, tokens: Int, fields: (inout JSONWriter) -> Void = { _ in }
    ) {
        writer.key("stamp")
        writer.object { stamp in
            stamp.field("model", model.description.hash)
            stamp.field("recipe", recipe)
            stamp.field("precision", model.description.precision)
            stamp.field("tokens", tokens)
            fields(&stamp)
        }
    }
}
