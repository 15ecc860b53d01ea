import UnmaskModel

/// `index.search`: for every image the images of an index that are most like it.
struct IndexSearchResult: MethodResult {
    private static let parameters = ImageRequest.parameters + ["index", "k", "under"]

    private let index: String
    private let results: ItemResults<[ServedIndexes.Entry.Hit]>
    private let stamp: ResultStamp

    init(_ request: Request, _ context: MethodContext) async throws(ServiceError) {
        let parameters = try Parameters(request.params, allowing: Self.parameters)
        let images = try parameters.images(frames: request.frames, maximum: context.limits.imagesPerRequest)
        let entry = try context.handler.indexes.index(named: try parameters.string("index"))
        let k = try parameters.integer("k", in: 1...1000) ?? 10
        let prefix = try parameters.string("under") ?? ""
        let run = try await ImageRequest(parameters, context)
        let vector = try Self.vector(of: entry, run.model.description.interface)
        let model = run.model.description
        let asked = TokenUse(mask: .none(patches: model.interface.patches), merge: model.merge)
        stamp = run.stamp(asked, vector: vector)
        do { try entry.store.check(stamp: stamp.members) } catch {
            throw ServiceError(.invalidParams, "index \(entry.name): \(error.problem)")
        }
        let (outcomes, _) = try await run.run(images, .embed(vector), TokenBudget(asked: asked), context)
        let embeddings = outcomes.map { $0.result.then(EmbeddingOutput.init) }
        let queries = embeddings.compactMap { try? $0.get().values }
        var found = try await entry.nearest(queries, k: k, under: prefix).makeIterator()
        index = entry.name
        results = ItemResults(
            embeddings.map { $0.then { (_) throws(ServiceError) in found.next() ?? [] } }, outcomes, context)
    }

    /// As the index's vectors were made.
    private static func vector(
        of entry: ServedIndexes.Entry, _ model: ModelInterface
    ) throws(ServiceError) -> VectorOptions {
        let stamp = entry.store.manifest.stamp
        guard let pooling = stamp["pooling"].flatMap(Pooling.init(rawValue:)),
            entry.store.dimension <= model.width(of: pooling)
        else {
            throw ServiceError(
                .invalidParams,
                "index \(entry.name): its vectors are \(stamp["pooling"] ?? "not stated") of \(entry.store.dimension) "
                    + "numbers, which this model does not give: name the model that made it")
        }
        return VectorOptions(pooling: pooling, normalize: true, dimensions: entry.store.dimension, block: nil)
    }

    var times: StageTimes? { results.times }
    var failure: ServiceError? { results.failure }

    func write(to json: inout JSONWriter, frames: inout AnswerFrames) {
        json.field("index", index)
        results.write(to: &json) { json, hits in
            json.key("neighbours")
            json.array(of: hits) { json, hit in
                json.object { json in
                    json.field("similarity", hit.similarity)
                    json.key("paths")
                    json.array(of: hit.paths) { $0.value($1) }
                }
            }
        }
        json.key("stamp")
        stamp.write(to: &json)
    }
}

extension ResultStamp {
    /// As an index keeps a stamp.
    fileprivate var members: [String: String] {
        var members = ["model": model, "recipe": recipe, "precision": precision, "tokens": String(tokens)]
        members["pooling"] = pooling
        members["dimension"] = dimension.map { String($0) }
        members["normalized"] = normalized.map { String($0) }
        members["merge"] = merge.map { String($0) }
        members["output"] = output
        return members
    }
}
