import UnmaskModel

/// `embed`: a vector, or one for each token, of every image.
struct EmbedResult: MethodResult {
    private static let parameters =
        ImageRequest.parameters + Parameters.vectorMembers + Parameters.budgetMembers + ["encoding", "dtype"]

    private let encoding: VectorEncoding
    private let type: VectorType
    /// The model's name.
    let model: String
    let results: ItemResults<EmbeddingOutput>
    let stamp: ResultStamp
    /// Tokens in front of the patches that each image's pass had besides.
    let prefix: Int

    init(_ request: Request, _ context: MethodContext) async throws(ServiceError) {
        let parameters = try Parameters(request.params, allowing: Self.parameters)
        let images = try parameters.images(frames: request.frames, maximum: context.limits.imagesPerRequest)
        let run = try await ImageRequest(parameters, context)
        let interface = run.model.description.interface
        prefix = interface.prefix
        let vector = try parameters.vectorOptions(of: interface)
        if vector.sources.masks != nil,
            let member = Parameters.budgetMembers.first(where: { $0 != "merge" && parameters[$0] != nil })
        {
            throw parameters.mismatch(member, "left out: errors hide patches by masks of their own")
        }
        let budget = try parameters.tokenBudget(of: run.model.description)
        model = run.model.name
        encoding = try parameters.choice("encoding") ?? .json
        type = try parameters.choice("dtype") ?? .f32
        let shape = interface.shape(of: vector.pooling, kept: budget.asked.mask.kept, vector.sources) ?? []
        let rows = vector.pooling == .tokens ? shape.first ?? 1 : 1
        try context.limits.checkAnswer(
            bytes: images.count * rows * vector.dimensions * encoding.bytes(of: type))
        let (outcomes, use) = try await run.run(images, .embed(vector), budget, context)
        stamp = run.stamp(use, vector: vector)
        results = ItemResults(outcomes.map { $0.result.then(EmbeddingOutput.init) }, outcomes, context)
    }

    var times: StageTimes? { results.times }
    var failure: ServiceError? { results.failure }

    func write(to json: inout JSONWriter, frames: inout AnswerFrames) {
        results.write(to: &json) { json, embedding in
            let vector = EncodedVector(embedding, as: type)
            json.key("embedding")
            vector.write(encoding, to: &json, frames: &frames)
            json.key("shape")
            json.array(of: embedding.shape) { $0.value($1) }
            if !vector.scales.isEmpty {
                json.key("scales")
                json.array(of: vector.scales) { $0.value($1) }
            }
        }
        json.field("dtype", type.rawValue)
        json.key("stamp")
        stamp.write(to: &json)
    }
}

extension EmbeddingOutput {
    /// The embedding that the engine gave, if its numbers are finite.
    init(_ output: InferenceOutput) throws(ServiceError) {
        guard case .embedding(let embedding) = output else { throw .unexpectedOutput }
        try ServiceError.checkFinite(embedding)
        self = embedding
    }
}

extension ServiceError {
    static func checkFinite(_ result: some NumericResult) throws(ServiceError) {
        do throws(NonFiniteResult) {
            try result.checkFinite()
        } catch {
            throw ServiceError(.internal, error.message)
        }
    }

    static let unexpectedOutput = ServiceError(.internal, "the engine answered another question than it was asked")
}
