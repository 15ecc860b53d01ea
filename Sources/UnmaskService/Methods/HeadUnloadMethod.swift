/// `head.unload`: takes a head away. Requests that have it finish on it; its file stays.
struct HeadUnloadResult: MethodResult {
    private let name: String
    private let wasLoaded: Bool

    init(_ request: Request, _ context: MethodContext) throws(ServiceError) {
        let parameters = try Parameters(request.params, allowing: ["name"])
        name = try parameters.name()
        wasLoaded = context.heads.remove(name)
        context.handler.logger.notice("head unloaded", metadata: ["head": "\(name)"])
    }

    func write(to json: inout JSONWriter, frames: inout AnswerFrames) {
        json.field("name", name)
        json.field("was_loaded", wasLoaded)
    }
}
