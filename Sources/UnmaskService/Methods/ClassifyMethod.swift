import UnmaskModel

/// `classify`: the most probable classes of every image.
struct ClassifyResult: MethodResult {
    private static let parameters = ImageRequest.parameters + ["top_k", "keep", "seed"]

    private let results: ItemResults<[ClassScore]>
    private let stamp: ResultStamp

    init(_ request: Request, _ context: MethodContext) async throws(ServiceError) {
        let parameters = try Parameters(request.params, allowing: Self.parameters)
        let images = try parameters.images(frames: request.frames, maximum: context.limits.imagesPerRequest)
        let run = try await ImageRequest(parameters, context)
        let interface = run.model.description.interface
        guard interface.classes > 0 else {
            throw ServiceError(.invalidParams, ModelError.noHead(model: run.model.name).description)
        }
        let topK = try parameters.integer("top_k", in: 1...interface.classes)
        let mask = try parameters.keptPatches(of: interface)
        stamp = run.stamp(mask: mask)
        let operation = InferenceOperation.classify(topK: topK ?? min(5, interface.classes))
        let outcomes = try await run.run(images, operation, mask: mask, context)
        results = ItemResults(outcomes.map { $0.result.then(Self.classes) }, outcomes, context)
    }

    private static func classes(_ output: InferenceOutput) throws(ServiceError) -> [ClassScore] {
        guard case .classes(let classes) = output else { throw .unexpectedOutput }
        try ServiceError.checkFinite(classes)
        return classes
    }

    var times: StageTimes? { results.times }

    func write(to json: inout JSONWriter, frames: inout AnswerFrames) {
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
        json.key("stamp")
        stamp.write(to: &json)
    }
}
