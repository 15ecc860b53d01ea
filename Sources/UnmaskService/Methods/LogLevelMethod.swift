import Logging

/// `log_level`: says how much the server writes into its log, and changes it.
struct LogLevelResult: MethodResult {
    private let level: Logger.Level

    init(_ request: Request, _ context: MethodContext) throws(ServiceError) {
        let parameters = try Parameters(request.params, allowing: ["level"])
        if let level: Logger.Level = try parameters.choice("level") {
            context.handler.logLevel.current = level
        }
        level = context.handler.logLevel.current
    }

    func write(to json: inout JSONWriter, frames: inout AnswerFrames) {
        json.field("level", level.rawValue)
    }
}
