import UnmaskModel

/// `embed`: a vector, or one for each token, of every image.
struct EmbedResult: MethodResult {
    private static let parameters =
        ImageRequest.parameters + ["pooling", "normalize", "dimensions", "keep", "seed", "encoding", "dtype"]

    private let request: ImageRequest
    private let vector: VectorOptions
    private let mask: Mask
    private let encoding: VectorEncoding
    private let results: ItemResults<EmbeddingOutput>

    init(_ request: Request, _ context: MethodContext) async throws(ServiceError) {
        let parameters = try Parameters(request.params, allowing: Self.parameters)
        self.request = try ImageRequest(parameters, request, context)
        let model = self.request.model.description.interface
        let pooling: Pooling = try parameters.choice("pooling") ?? model.pooling
        let width = model.width(of: pooling)
        guard width > 0 else {
            throw parameters.mismatch("pooling", "one of " + model.poolings.map(\.rawValue).joined(separator: ", "))
        }
        vector = VectorOptions(
            pooling: pooling, normalize: try parameters.flag("normalize") ?? false,
            dimensions: try parameters.integer("dimensions", in: 1...width) ?? width)
        mask = try parameters.keptPatches(of: model)
        encoding = try parameters.choice("encoding") ?? .json
        _ = try parameters.choice("dtype", VectorType.self)
        let outcomes = try await self.request.run(.embed(vector), mask: mask, context)
        results = ItemResults(outcomes.map { $0.result.then(Self.embedding) }, outcomes, context)
    }

    private static func embedding(_ output: InferenceOutput) throws(ServiceError) -> EmbeddingOutput {
        guard case .embedding(let embedding) = output else { throw .unexpectedOutput }
        guard embedding.values.allSatisfy(\.isFinite) else {
            throw ServiceError(.internal, "the embedding has numbers that are not finite: check the model's weights")
        }
        return embedding
    }

    func write(to json: inout JSONWriter, frames: inout AnswerFrames) {
        json.object { json in
            results.write(to: &json) { json, embedding in
                json.key("embedding")
                encoding.write(embedding.values, to: &json, frames: &frames)
                json.key("shape")
                json.array(of: embedding.shape) { $0.value($1) }
            }
            request.writeStamp(to: &json, mask: mask, vector: vector)
        }
    }
}

extension ServiceError {
    static let unexpectedOutput = ServiceError(.internal, "the engine answered another question than it was asked")
}
