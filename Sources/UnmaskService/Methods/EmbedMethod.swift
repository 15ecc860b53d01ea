/// `embed`: a vector, or one for each token, of every image.
struct EmbedResult: MethodResult {
    static let parameters =
        ImageRequest.parameters + ["pooling", "normalize", "dimensions", "keep", "seed", "encoding", "dtype"]

    private var request: ImageRequest
    private var pooling: Pooling
    private var options: OutputOptions
    private var tokens: Int
    private var encoding: VectorEncoding
    private var results: ItemResults<EmbeddingOutput>

    init(_ request: Request, _ context: MethodContext) async throws(ServiceError) {
        let parameters = try Parameters(request.params, allowing: Self.parameters)
        let images = try ImageRequest(parameters, request, context)
        let model = images.model
        pooling = try parameters.choice("pooling") ?? .cls
        encoding = try parameters.choice("encoding") ?? .json
        _ = try parameters.choice("dtype", VectorType.self)
        options = OutputOptions(
            normalize: try parameters.flag("normalize") ?? false,
            dimensions: try parameters.integer("dimensions", in: 1...model.description.width))
        let idsKeep = try model.idsKeep(try parameters.keptPatches(of: model.description.patches))
        tokens = idsKeep?.count ?? model.description.patches
        let outcomes = try await images.run(.embed(pooling), idsKeep: idsKeep, options: options, context)
        results = ItemResults(outcomes.map { $0.result.then(Self.embedding) }, outcomes, context)
        self.request = images
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
            request.writeStamp(to: &json, tokens: tokens) { stamp in
                stamp.field("pooling", pooling.rawValue)
                stamp.field("dimension", options.dimensions ?? request.model.description.width)
                stamp.field("normalized", options.normalize)
            }
        }
    }
}

extension RegisteredModel {
    /// The patches that a selection keeps; nil for the whole image.
    func idsKeep(_ selection: PatchSelection) throws(ServiceError) -> [Int]? {
        selection == .all ? nil : try backend.patchesKept(by: selection)
    }
}

extension ServiceError {
    static let unexpectedOutput = ServiceError(.internal, "the engine answered another question than it was asked")
}
