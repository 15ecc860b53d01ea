import UnmaskHeads

/// `score`: how strange every image looks, and where, by a head that knows good ones.
struct ScoreResult: MethodResult {
    private static let parameters = ImageRequest.parameters + ["merge", "head", "threshold"]

    private let results: ItemResults<AnomalyAnswer>
    private let stamp: ResultStamp
    private let head: String
    private let grid: PatchGrid?
    private let threshold: Double

    init(_ request: Request, _ context: MethodContext) async throws(ServiceError) {
        let parameters = try Parameters(request.params, allowing: Self.parameters)
        let images = try parameters.images(frames: request.frames, maximum: context.limits.imagesPerRequest)
        let run = try await ImageRequest(parameters, context)
        let fitted = try FittedHead(for: .score, parameters, run, context) { $0 == .anomaly }
        head = fitted.name
        grid = fitted.head.computation.grid
        threshold = try parameters.number("threshold", 0...1e9) ?? fitted.head.calibration.anomalousFrom
        (results, stamp) = try await fitted.results(of: images, run, context) { output throws(ServiceError) in
            try Self.item(output, fitted)
        }
    }

    private static func item(
        _ output: InferenceOutput, _ fitted: FittedHead
    ) throws(ServiceError) -> AnomalyAnswer {
        let answer = try fitted.answer(output) { (head, tokens) throws(HeadError) in try head.anomaly(tokens) }
        guard answer.score.isFinite else { throw ServiceError(.internal, "the score is not finite") }
        return answer
    }

    var times: StageTimes? { results.times }
    var failure: ServiceError? { results.failure }

    func write(to json: inout JSONWriter, frames: inout AnswerFrames) {
        results.write(to: &json) { json, answer in
            json.field("score", answer.score)
            json.field("anomalous", Double(answer.score) >= threshold)
            json.key("patches")
            json.array(of: answer.patches) { $0.value($1) }
        }
        json.field("threshold", threshold)
        if let grid {
            json.key("grid")
            json.array(of: [grid.rows, grid.columns]) { $0.value($1) }
        }
        json.field("head", head)
        json.key("stamp")
        stamp.write(to: &json)
    }
}
