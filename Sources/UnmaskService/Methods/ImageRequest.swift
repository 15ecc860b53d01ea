import UnmaskImage
import UnmaskModel

/// What the methods that run images have in common.
struct ImageRequest: Sendable {
    /// Of the request as a whole.
    static let common = ["model", "recipe", "deadline_ms", "priority"]
    static let parameters = ["images"] + common

    let model: RegisteredModel
    let preparation: Preparation
    private let terms: RequestTerms

    init(_ parameters: Parameters, _ context: MethodContext) async throws(ServiceError) {
        let priority: Priority = try parameters.choice("priority") ?? .normal
        try context.connection.rights.require(priority)
        model = try await context.models.model(named: try parameters.string("model"))
        preparation = try Self.preparation(parameters, of: model.description)
        let milliseconds = try parameters.integer("deadline_ms", in: 1...86_400_000)
        terms = RequestTerms(
            connection: context.connection.id, priority: priority,
            deadline: milliseconds.map { context.received + .milliseconds($0) })
    }

    private static func preparation(
        _ parameters: Parameters, of model: ModelDescription
    ) throws(ServiceError) -> Preparation {
        guard let name = try parameters.string("recipe") else { return .recipe(model.recipes[0]) }
        if name == Preparation.noneName { return .none }
        guard let recipe = model.recipes.first(where: { $0.name == name }) else {
            throw parameters.mismatch(
                "recipe", "one of " + (model.recipes.map(\.name) + [Preparation.noneName]).joined(separator: ", "))
        }
        return .recipe(recipe)
    }

    /// Runs one operation over images, each at the same cost in tokens.
    ///
    /// - Returns: what became of each image, and what they were run with.
    /// - Throws: also `cancelled`, where the request was.
    func run(
        _ images: [ImageSource], _ operation: InferenceOperation, _ budget: TokenBudget, _ context: MethodContext
    ) async throws(ServiceError) -> ([ImageOutcome], TokenUse) {
        let jobs = images.map {
            ImageJob(
                model: model, source: $0, preparation: preparation, mask: budget.asked.mask, merge: budget.asked.merge,
                operation: operation, budget: budget)
        }
        let outcomes = try await context.scheduler.run(jobs, terms)
        guard !Task.isCancelled else { throw .cancelled }
        return (outcomes, outcomes.compactMap(\.use).first ?? budget.asked)
    }

    /// What made the result: vectors with different stamps are never to be compared.
    func stamp(_ use: TokenUse, vector: VectorOptions? = nil) -> ResultStamp {
        var stamp = ResultStamp(
            model: model.description.hash, recipe: preparation.stamp(imageSize: model.description.interface.imageSize),
            precision: model.description.precision, tokens: use.mask.kept,
            merge: use.merge > 0 ? use.merge : nil)
        if let vector {
            stamp.pooling = vector.pooling.rawValue
            stamp.dimension = vector.dimensions
            stamp.normalized = vector.normalize
            stamp.output = vector.sources.output
        }
        return stamp
    }
}
