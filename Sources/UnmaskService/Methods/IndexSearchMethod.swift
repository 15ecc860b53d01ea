import UnmaskIndex

/// `index.search`: for every image, or row of the index, the images of an index that are most like it.
struct IndexSearchResult: MethodResult {
    private static let parameters =
        ImageRequest.parameters + ["index", "rows", "k", "offset", "under", "where", "distinct", "mode"]
    /// The nearest that pages may reach.
    private static let mostNeighbours = 10_000
    private static let mostConditions = 64

    private let index: String
    private let mode: SearchMode
    private let results: ItemResults<ServedIndex.Found>
    private let stamp: ResultStamp
    /// Nil where no image was embedded.
    let times: StageTimes?

    init(_ request: Request, _ context: MethodContext) async throws(ServiceError) {
        let parameters = try Parameters(request.params, allowing: Self.parameters)
        let entry = try context.handler.indexes.index(named: try parameters.string("index"))
        let terms = try Self.terms(parameters)
        (index, mode) = (entry.name, terms.mode)
        if parameters["rows"] != nil {
            let rows = try Self.rows(parameters, maximum: context.limits.imagesPerRequest)
            stamp = try ResultStamp(members: entry.snapshot.store.manifest.stamp, of: entry.name)
            let found = try await Self.counted(entry, rows.count, context) { () throws(ServiceError) in
                try await entry.nearest(ofRows: rows, terms)
            }
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
        var found = try await Self.counted(entry, queries.count, context) { () throws(ServiceError) in
            try await entry.nearest(queries, terms)
        }.makeIterator()
        results = ItemResults(
            embeddings.map {
                $0.then { (_) throws(ServiceError) in
                    guard let next = found.next() else { throw .cancelled }
                    return next
                }
            }, outcomes, context)
        times = results.times
    }

    private static func terms(_ parameters: Parameters) throws(ServiceError) -> ServedIndex.SearchTerms {
        let k = try parameters.integer("k", in: 1...1000) ?? 10
        return ServedIndex.SearchTerms(
            k: k, offset: try parameters.integer("offset", in: 0...mostNeighbours - k) ?? 0,
            distinct: try parameters.number("distinct", 0...1).map { Float($0) },
            mode: try parameters.choice("mode", SearchMode.self) ?? .exact,
            pathPrefix: try parameters.string("under") ?? "", conditions: try conditions(parameters))
    }

    private static func conditions(_ parameters: Parameters) throws(ServiceError) -> [MetadataCondition] {
        let texts = try parameters.strings("where") ?? []
        guard texts.count <= mostConditions else {
            throw parameters.mismatch("where", "at most \(mostConditions) conditions", found: "\(texts.count)")
        }
        var conditions: [MetadataCondition] = []
        for text in texts {
            do throws(MetadataProblem) { conditions.append(try MetadataCondition(text)) } catch {
                throw ServiceError(.invalidParams, "params.where: \(error)")
            }
        }
        return conditions
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

    /// Searches, and counts that it did.
    private static func counted(
        _ entry: ServedIndex, _ queries: Int, _ context: MethodContext,
        _ search: () async throws(ServiceError) -> [ServedIndex.Found]
    ) async throws(ServiceError) -> [ServedIndex.Found] {
        let (clock, metrics) = (context.configuration.clock, context.metrics)
        let begun = clock.now
        do throws(ServiceError) {
            let found = try await search()
            metrics.searched(entry.name, queries: queries, .answered, in: clock.now - begun)
            return found
        } catch {
            let isRefused = [.invalidParams, .rowNotFound].contains(error.type)
            metrics.searched(entry.name, queries: queries, isRefused ? .refused : .failed, in: clock.now - begun)
            throw error
        }
    }

    var failure: ServiceError? { results.failure }

    func write(to json: inout JSONWriter, frames: inout AnswerFrames) {
        json.field("index", index)
        json.field("mode", mode.rawValue)
        results.write(to: &json) { json, found in
            json.key("neighbours")
            json.array(of: found.hits) { json, hit in
                json.object { json in
                    json.field("row", hit.row)
                    json.field("similarity", hit.similarity)
                    json.key("paths")
                    json.array(of: hit.images) { $0.value($1.path) }
                    json.field("metadata", of: hit.images)
                }
            }
            if let hidden = found.hidden { json.field("hidden", hidden) }
        }
        json.key("stamp")
        stamp.write(to: &json)
    }
}
