/// `reload`: reads the file of one model, or of all that are in memory, again. The old ones answer until then.
struct ReloadResult: MethodResult {
    private let names: [String]

    init(_ request: Request, _ context: MethodContext) async throws(ServiceError) {
        let parameters = try Parameters(request.params, allowing: ["name"])
        let name = try parameters["name"] == nil ? nil : parameters.name()
        names = try await context.models.reload(name)
        context.handler.logger.notice("models reloaded", metadata: ["models": "\(names)"])
    }

    func write(to json: inout JSONWriter, frames: inout AnswerFrames) {
        json.key("models")
        json.array(of: names) { $0.value($1) }
    }
}
