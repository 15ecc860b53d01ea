/// `index.delete`: takes images out of an index, by name.
struct IndexDeleteResult: MethodResult {
    private let index: String
    private let images: Int
    private let deleted: Int
    private let missing: [String]

    init(_ request: Request, _ context: MethodContext) async throws(ServiceError) {
        let parameters = try Parameters(request.params, allowing: ["index", "names"])
        let entry = try context.handler.indexes.index(named: try parameters.string("index"))
        guard let names = try parameters.strings("names"), !names.isEmpty else {
            throw parameters.mismatch("names", "an array of the names of images")
        }
        let found = try await entry.delete(names)
        index = entry.name
        images = entry.snapshot.images
        deleted = found.count { $0 }
        context.metrics.changed(entry.name, images: deleted, .deleted)
        missing = zip(names, found).filter { !$1 }.map(\.0)
    }

    func write(to json: inout JSONWriter, frames: inout AnswerFrames) {
        json.field("index", index)
        json.field("images", images)
        json.field("deleted", deleted)
        json.key("missing")
        json.array(of: missing) { $0.value($1) }
    }
}
