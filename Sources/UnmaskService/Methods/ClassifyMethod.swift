import UnmaskHeads
import UnmaskModel

/// `classify`: the labels of every image that score most, by the model's own head or by one that was fitted on its vectors.
struct ClassifyResult: MethodResult {
    private static let parameters =
        ImageRequest.parameters + Parameters.budgetMembers + ["top_k", "scores", "threshold", "head"]

    private let results: ItemResults<Labels>
    let stamp: ResultStamp
    /// The fitted head's name.
    private let head: String?

    /// What one image was answered.
    private struct Labels: Sendable {
        let scores: [ClassScore]
        /// Nil for heads that call nothing unknown.
        var isUnknown: Bool?
    }

    init(_ request: Request, _ context: MethodContext) async throws(ServiceError) {
        let parameters = try Parameters(request.params, allowing: Self.parameters)
        let images = try parameters.images(frames: request.frames, maximum: context.limits.imagesPerRequest)
        let run = try await ImageRequest(parameters, context)
        head = try parameters.string("head")
        if let head {
            let fitted = try FittedHead(for: .classify, parameters, run, context) { !$0.scores.isEmpty }
            let callsUnknown = fitted.head.calibration.unknownBelow != nil
            let options = try parameters.classification(
                outputs: fitted.head.labels.count, scores: fitted.head.kind.scores)
            let (outcomes, use) = try await run.run(images, .embed(fitted.vector), fitted.budget, context)
            stamp = run.stamp(use, vector: fitted.vector)
            results = ItemResults(
                outcomes.map { outcome in
                    outcome.result.then { (output) throws(ServiceError) in
                        let answer = try fitted.answer(output) { (head, vector) throws(HeadError) in
                            try head.answer(vector, options)
                        }
                        try ServiceError.checkFinite(answer.scores)
                        return Labels(scores: answer.scores, isUnknown: callsUnknown ? answer.isUnknown : nil)
                    }
                }, outcomes, context)
            context.metrics.answered(head: head, images: results.done)
            return
        }
        let interface = run.model.description.interface
        guard interface.classes > 0 else {
            throw ServiceError(.invalidParams, ModelError.noHead(model: run.model.name).description)
        }
        let options = try parameters.classification(outputs: interface.classes, scores: interface.scores)
        let budget = try parameters.tokenBudget(of: run.model.description)
        let (outcomes, use) = try await run.run(images, .classify(options), budget, context)
        stamp = run.stamp(use)
        results = ItemResults(outcomes.map { $0.result.then(Self.labels) }, outcomes, context)
    }

    private static func labels(_ output: InferenceOutput) throws(ServiceError) -> Labels {
        guard case .classes(let classes) = output else { throw .unexpectedOutput }
        try ServiceError.checkFinite(classes)
        return Labels(scores: classes)
    }

    /// Of every image, the highest first.
    var scores: [Result<[ClassScore], ServiceError>] { results.items.map { $0.map(\.scores) } }

    var times: StageTimes? { results.times }
    var failure: ServiceError? { results.failure }

    func write(to json: inout JSONWriter, frames: inout AnswerFrames) {
        results.write(to: &json) { json, labels in
            json.key("labels")
            json.array(of: labels.scores) { json, result in
                json.object { json in
                    json.field("label", result.label)
                    json.field("index", result.index)
                    json.field(result.kind.member, result.score)
                }
            }
            if let isUnknown = labels.isUnknown { json.field("unknown", isUnknown) }
        }
        if let head { json.field("head", head) }
        json.key("stamp")
        stamp.write(to: &json)
    }
}
