/// `unload`: lets go of a model's memory. Requests that have it finish on it; its name loads it again, unless `forget`.
struct UnloadResult: MethodResult {
    private let name: String
    private let wasLoaded: Bool

    init(_ request: Request, _ context: MethodContext) throws(ServiceError) {
        let parameters = try Parameters(request.params, allowing: ["name", "forget"])
        name = try parameters.name()
        wasLoaded = try context.models.unload(name, forgetting: try parameters.flag("forget") ?? false)
        context.handler.logger.notice("model unloaded", metadata: ["model": "\(name)"])
    }

    func write(to json: inout JSONWriter, frames: inout AnswerFrames) {
        json.field("name", name)
        json.field("was_loaded", wasLoaded)
    }
}
