import UnmaskHeads
import UnmaskModel

/// A fitted head that a request names, on the model whose vectors it reads.
struct FittedHead: Sendable {
    private let head: Head
    private let options: ClassificationOptions
    /// What it reads.
    let vector: VectorOptions
    let budget: TokenBudget

    var callsUnknown: Bool { head.calibration.unknownBelow != nil }

    /// Throws `invalid_params` where there is no such head, or it was fitted on other vectors than the request would make,
    /// with what differs.
    init(
        named name: String, _ parameters: Parameters, _ run: ImageRequest, _ context: MethodContext
    ) throws(ServiceError) {
        guard let head = context.heads[name] else {
            let known = context.heads.entries.map(\.name)
            throw parameters.mismatch(
                "head",
                known.isEmpty ? "left out: this server has no heads" : "one of \(known.joined(separator: ", "))")
        }
        self.head = head
        options = try parameters.classification(outputs: head.labels.count, scores: head.kind.scores)
        budget = try parameters.tokenBudget(of: run.model.description)
        if let member = ["keep_min", "merge_max"].first(where: { parameters[$0] != nil }) {
            throw parameters.mismatch(member, "left out: a head reads vectors of one number of tokens")
        }
        let made = head.embedding
        vector = VectorOptions(
            pooling: head.stamp.pooling, normalize: made.normalize, dimensions: head.stamp.dimension, block: made.block)
        let differences = ResultStamp(head.stamp).differences(from: run.stamp(budget.asked, vector: vector))
        guard differences.isEmpty else {
            throw ServiceError(
                .invalidParams,
                "the head \(name) was fitted on other vectors than this request makes with \(run.model.name): "
                    + differences.joined(separator: "; ") + " (the head's first)")
        }
    }

    func answer(_ output: InferenceOutput) throws(ServiceError) -> HeadAnswer {
        let embedding = try EmbeddingOutput(output)
        let answer: HeadAnswer
        do throws(HeadError) { answer = try head.answer(embedding.values, options) } catch {
            throw ServiceError(.internal, error.description)
        }
        try ServiceError.checkFinite(answer.scores)
        return answer
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
