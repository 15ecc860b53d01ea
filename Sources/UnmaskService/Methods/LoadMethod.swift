/// `load`: reads a model's file and puts it under a name, new or not; without `path`, brings a known model into memory.
struct LoadResult: MethodResult {
    private let name: String
    private let hash: String

    init(_ request: Request, _ context: MethodContext) async throws(ServiceError) {
        let parameters = try Parameters(request.params, allowing: ["name", "path"])
        name = try parameters.name()
        let model =
            if let path = try parameters.string("path") {
                try await context.models.load(name, from: path)
            } else {
                try await context.models.model(named: name)
            }
        hash = model.description.hash
        context.handler.logger.notice("model loaded", metadata: ["model": "\(name)", "hash": "\(hash)"])
    }

    func write(to json: inout JSONWriter, frames: inout AnswerFrames) {
        json.field("name", name)
        json.field("hash", hash)
    }
}

extension Parameters {
    /// The `name` of a model.
    func name() throws(ServiceError) -> String {
        guard let name = try string("name"), !name.isEmpty, name.utf8.count <= 256 else {
            throw mismatch("name", "a model's name, of at most 256 bytes")
        }
        return name
    }
}
