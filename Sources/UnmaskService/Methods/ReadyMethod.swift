/// `ready`: whether the models answer as they should, tried with the golden image through the whole path.
struct ReadyResult: MethodResult {
    private let report: Readiness.Report

    init(_ request: Request, _ context: MethodContext) async throws(ServiceError) {
        _ = try Parameters(request.params, allowing: [])
        report = await context.handler.readiness.check(isDraining: context.life.isDraining)
    }

    func write(to json: inout JSONWriter, frames: inout AnswerFrames) {
        json.field("ready", report.status == .ready)
        json.field("status", report.status.rawValue)
        json.key("models")
        json.array(of: report.models) { json, model in
            json.object { json in
                json.field("name", model.name)
                json.field("loaded", model.isLoaded)
                if let origin = model.origin { json.field("golden", origin.rawValue) }
                if let problem = model.problem { json.field("problem", problem) }
                if model.isLoaded { json.field("took_us", model.took.microseconds) }
            }
        }
    }
}
