import UnmaskModel

/// `classify`: the most probable classes of every image.
struct ClassifyResult: MethodResult {
    private static let parameters = ImageRequest.parameters + ["top_k", "keep", "seed"]

    private let request: ImageRequest
    private let mask: Mask
    private let results: ItemResults<[ClassScore]>

    init(_ request: Request, _ context: MethodContext) async throws(ServiceError) {
        let parameters = try Parameters(request.params, allowing: Self.parameters)
        self.request = try ImageRequest(parameters, request, context)
        let (model, interface) = (self.request.model, self.request.model.description.interface)
        guard interface.classes > 0 else {
            throw ServiceError(.invalidParams, ModelError.noHead(model: model.name).description)
        }
        let topK = try parameters.integer("top_k", in: 1...interface.classes)
        mask = try parameters.keptPatches(of: interface)
        let operation = InferenceOperation.classify(topK: topK ?? min(5, interface.classes))
        let outcomes = try await self.request.run(operation, mask: mask, context)
        results = ItemResults(outcomes.map { $0.result.then(Self.classes) }, outcomes, context)
    }

    private static func classes(_ output: InferenceOutput) throws(ServiceError) -> [ClassScore] {
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
            request.writeStamp(to: &json, mask: mask)
        }
    }
}
