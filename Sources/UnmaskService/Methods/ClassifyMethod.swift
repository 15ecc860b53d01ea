/// `classify`: the most probable classes of every image.
struct ClassifyResult: MethodResult {
    static let parameters = ImageRequest.parameters + ["top_k", "keep", "seed"]

    private var request: ImageRequest
    private var tokens: Int
    private var results: ItemResults<[ClassOutput]>

    init(_ request: Request, _ context: MethodContext) async throws(ServiceError) {
        let parameters = try Parameters(request.params, allowing: Self.parameters)
        let images = try ImageRequest(parameters, request, context)
        let model = images.model
        guard model.description.hasHead else {
            throw ServiceError(
                .invalidParams,
                "the model \"\(model.name)\" has no classification head: use a fine-tuned checkpoint, or embed")
        }
        let options = OutputOptions(topK: try parameters.integer("top_k", in: 1...100_000) ?? 5)
        let idsKeep = try model.idsKeep(try parameters.keptPatches(of: model.description.patches))
        tokens = idsKeep?.count ?? model.description.patches
        let outcomes = try await images.run(.classify, idsKeep: idsKeep, options: options, context)
        results = ItemResults(outcomes.map { $0.result.then(Self.classes) }, outcomes, context)
        self.request = images
    }

    private static func classes(_ output: InferenceOutput) throws(ServiceError) -> [ClassOutput] {
        guard case .classes(let classes) = output else { throw .unexpectedOutput }
        return classes
    }

    func write(to json: inout JSONWriter, frames: inout AnswerFrames) {
        json.object { json in
            results.write(to: &json) { json, classes in
                json.key("labels")
                json.array(of: classes) { json, result in
                    json.object { json in
                        json.field("label", result.label)
                        json.field("index", result.index)
                        json.field("probability", result.probability)
                    }
                }
            }
            request.writeStamp(to: &json, tokens: tokens)
        }
    }
}
