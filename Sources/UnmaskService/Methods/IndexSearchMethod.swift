/// `index.search`: for every image, or row of the index, the images of an index that are most like it.
struct IndexSearchResult: MethodResult {
    private static let parameters =
        ImageRequest.parameters + ["index", "rows", "k", "offset", "under", "distinct"]
    /// The nearest that pages may reach.
    private static let mostNeighbours = 10_000

    private let index: String
    private let results: ItemResults<ServedIndex.Found>
    private let stamp: ResultStamp
    /// Nil where no image was embedded.
    let times: StageTimes?

    init(_ request: Request, _ context: MethodContext) async throws(ServiceError) {
        let parameters = try Parameters(request.params, allowing: Self.parameters)
        let entry = try context.handler.indexes.index(named: try parameters.string("index"))
        let extent = try Self.extent(parameters)
        index = entry.name
        if parameters["rows"] != nil {
            let rows = try Self.rows(parameters, maximum: context.limits.imagesPerRequest)
            stamp = try ResultStamp(members: entry.snapshot.store.manifest.stamp, of: entry.name)
            let found = try await entry.nearest(ofRows: rows, extent)
            results = ItemResults(found.map { .success($0) }, [], context)
            times = nil
            return
        }
        let images = try parameters.images(frames: request.frames, maximum: context.limits.imagesPerRequest)
        let run = try await ImageRequest(parameters, context)
        let vector = try IndexVector(of: entry, run)
        stamp = vector.stamp
        let (outcomes, _) = try await run.run(images, .embed(vector.options), vector.budget, context)
        let embeddings = outcomes.map { $0.result.then(EmbeddingOutput.init) }
        let queries = embeddings.compactMap { try? $0.get().values }
        var found = try await entry.nearest(queries, extent).makeIterator()
        results = ItemResults(
            embeddings.map {
                $0.then { (_) throws(ServiceError) in
                    guard let next = found.next() else { throw .cancelled }
                    return next
                }
            }, outcomes, context)
        times = results.times
    }

    private static func extent(_ parameters: Parameters) throws(ServiceError) -> ServedIndex.Extent {
        let k = try parameters.integer("k", in: 1...1000) ?? 10
        return ServedIndex.Extent(
            k: k, offset: try parameters.integer("offset", in: 0...mostNeighbours - k) ?? 0,
            distinct: try parameters.number("distinct", 0...1).map { Float($0) },
            prefix: try parameters.string("under") ?? "")
    }

    private static func rows(_ parameters: Parameters, maximum: Int) throws(ServiceError) -> [Int] {
        for name in ImageRequest.parameters where parameters[name] != nil {
            throw parameters.mismatch(name, "left out where there are rows, which have their vectors", found: "a value")
        }
        let rows = try parameters.integers("rows", in: 0..<Int(Int32.max)) ?? []
        guard rows.count <= maximum else {
            throw ServiceError(
                .payloadTooLarge, "params.rows has \(rows.count) rows, allowed are \(maximum): ask in several requests")
        }
        return rows
    }

    var failure: ServiceError? { results.failure }

    func write(to json: inout JSONWriter, frames: inout AnswerFrames) {
        json.field("index", index)
        results.write(to: &json) { json, found in
            json.key("neighbours")
            json.array(of: found.hits) { json, hit in
                json.object { json in
                    json.field("row", hit.row)
                    json.field("similarity", hit.similarity)
                    json.key("paths")
                    json.array(of: hit.paths) { $0.value($1) }
                }
            }
            if let hidden = found.hidden { json.field("hidden", hidden) }
        }
        json.key("stamp")
        stamp.write(to: &json)
    }
}
