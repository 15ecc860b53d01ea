import UnmaskHeads
import UnmaskModel

/// A fitted head that a request asks, on the model whose vectors it reads.
struct FittedHead: Sendable {
    let name: String
    let head: Head
    /// What it reads.
    let vector: VectorOptions
    let budget: TokenBudget

    /// The head that `head` names; where it names none, the only one of those that will do.
    ///
    /// Throws `invalid_params` where there is no such head, it answers something else, or it was fitted on other vectors than the
    /// request would make, with what differs.
    /// - Parameters:
    ///   - method: that asks.
    ///   - answers: whether a head of that kind answers it.
    init(
        for method: Method, _ parameters: Parameters, _ run: ImageRequest, _ context: MethodContext,
        answers: (HeadKind) -> Bool
    ) throws(ServiceError) {
        (name, head) = try Self.find(method, parameters, context, answers)
        budget = try parameters.tokenBudget(of: run.model.description)
        if let member = ["keep_min", "merge_max"].first(where: { parameters[$0] != nil }) {
            throw parameters.mismatch(member, "left out: a head reads vectors of one number of tokens")
        }
        let made = head.embedding
        vector = VectorOptions(
            pooling: head.stamp.pooling, normalize: made.normalize, dimensions: head.stamp.dimension,
            sources: made.sources)
        let differences = ResultStamp(head.stamp).differences(from: run.stamp(budget.asked, vector: vector))
        guard differences.isEmpty else {
            throw ServiceError(
                .invalidParams,
                "the head \(name) was fitted on other vectors than this request makes with \(run.model.name): "
                    + differences.joined(separator: "; ") + " (the head's first)")
        }
    }

    private static func find(
        _ method: Method, _ parameters: Parameters, _ context: MethodContext, _ answers: (HeadKind) -> Bool
    ) throws(ServiceError) -> (String, Head) {
        let able = context.heads.entries.filter { answers($0.head.kind) }
        let named = try parameters.string("head")
        if named == nil, able.count == 1 { return (able[0].name, able[0].head) }
        if let named, let head = able.first(where: { $0.name == named })?.head { return (named, head) }
        if let named, let other = context.heads[named] {
            throw parameters.mismatch(
                "head", "one that \(method.rawValue) can ask",
                found: "\(named), which is of kind \(other.kind.rawValue)")
        }
        throw parameters.mismatch(
            "head",
            able.isEmpty
                ? "left out: this server has no heads that \(method.rawValue) can ask"
                : "one of " + able.map(\.name).joined(separator: ", "))
    }

    /// The embedding that it reads, whose numbers are finite, and what it makes of it.
    func answer<Answer>(
        _ output: InferenceOutput, _ ask: (Head, [Float]) throws(HeadError) -> Answer
    ) throws(ServiceError) -> Answer {
        let embedding = try EmbeddingOutput(output)
        do throws(HeadError) { return try ask(head, embedding.values) } catch {
            throw ServiceError(.internal, error.description)
        }
    }

    /// What the head makes of every image, worked out beside the engine and counted, with what made it.
    func results<Item: Sendable>(
        of images: [ImageSource], _ run: ImageRequest, _ context: MethodContext,
        _ item: @escaping @Sendable (InferenceOutput) throws(ServiceError) -> Item
    ) async throws(ServiceError) -> (ItemResults<Item>, ResultStamp) {
        let (outcomes, use) = try await run.run(images, .embed(vector), budget, context)
        let items = try await context.scheduler.runBlocking { outcomes.map { $0.result.then(item) } }
        let results = ItemResults(items, outcomes, context)
        context.metrics.answered(head: name, images: results.done)
        return (results, run.stamp(use, vector: vector))
    }
}

extension ResultStamp {
    init(_ stamp: Stamp) {
        self.init(
            model: stamp.model, recipe: stamp.recipe, precision: stamp.precision, tokens: stamp.tokens,
            merge: stamp.merge, pooling: stamp.pooling.rawValue, dimension: stamp.dimension,
            normalized: stamp.normalized, output: stamp.output)
    }
}
