/// `index.map`: where rows of an index lie in a plane.
struct IndexMapResult: MethodResult {
    private let index: String
    private let vectors: Int
    private let map: IndexMap
    private let stamp: ResultStamp

    init(_ request: Request, _ context: MethodContext) async throws(ServiceError) {
        let parameters = try Parameters(request.params, allowing: ["index", "sample", "seed"])
        let entry = try context.handler.indexes.index(named: try parameters.string("index"))
        let question = IndexMap.Question(
            sample: try parameters.integer("sample", in: 3...IndexMap.mostSample) ?? IndexMap.usualSample,
            seed: try parameters.seed("seed") ?? 0)
        let snapshot = entry.snapshot
        index = entry.name
        vectors = snapshot.everything.rowCount
        stamp = try ResultStamp(members: snapshot.store.manifest.stamp, of: entry.name)
        map = try await entry.map(of: snapshot, question)
    }

    func write(to json: inout JSONWriter, frames: inout AnswerFrames) {
        json.field("index", index)
        json.field("vectors", vectors)
        json.key("rows")
        json.array(of: map.rows) { $0.value($1) }
        json.key("x")
        json.array(of: map.x) { $0.value($1) }
        json.key("y")
        json.array(of: map.y) { $0.value($1) }
        json.key("paths")
        json.array(of: map.paths) { $0.value($1) }
        json.key("shares")
        json.array(of: map.shares) { $0.value($1) }
        json.key("stamp")
        stamp.write(to: &json)
    }
}
