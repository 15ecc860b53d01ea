internal import UnmaskIndex

/// `index.search`: for every image the images of an index that are most like it.
struct IndexSearchResult: MethodResult {
    private static let parameters = ImageRequest.parameters + ["index", "k", "under", "where", "mode"]

    private static let mostConditions = 64

    private let index: String
    private let mode: SearchMode
    private let results: ItemResults<[ServedIndex.Hit]>
    private let stamp: ResultStamp

    init(_ request: Request, _ context: MethodContext) async throws(ServiceError) {
        let parameters = try Parameters(request.params, allowing: Self.parameters)
        let images = try parameters.images(frames: request.frames, maximum: context.limits.imagesPerRequest)
        let entry = try context.handler.indexes.index(named: try parameters.string("index"))
        let k = try parameters.integer("k", in: 1...1000) ?? 10
        let scope = try Self.scope(parameters)
        mode = try parameters.choice("mode", SearchMode.self) ?? .exact
        let run = try await ImageRequest(parameters, context)
        let vector = try IndexVector(of: entry, run)
        stamp = vector.stamp
        let (outcomes, _) = try await run.run(images, .embed(vector.options), vector.budget, context)
        let embeddings = outcomes.map { $0.result.then(EmbeddingOutput.init) }
        let queries = embeddings.compactMap { try? $0.get().values }
        var found = try await Self.search(entry, queries, k, scope, mode, context).makeIterator()
        index = entry.name
        results = ItemResults(
            embeddings.map { $0.then { (_) throws(ServiceError) in found.next() ?? [] } }, outcomes, context)
    }

    private static func search(
        _ entry: ServedIndex, _ queries: [[Float]], _ k: Int, _ scope: ServedIndex.Scope, _ mode: SearchMode,
        _ context: MethodContext
    ) async throws(ServiceError) -> [[ServedIndex.Hit]] {
        let (clock, metrics) = (context.configuration.clock, context.metrics)
        let begun = clock.now
        do throws(ServiceError) {
            let found = try await entry.nearest(queries, k: k, in: scope, mode)
            metrics.searched(entry.name, queries: queries.count, .answered, in: clock.now - begun)
            return found
        } catch {
            let outcome = error.type == .invalidParams ? SearchOutcome.refused : .failed
            metrics.searched(entry.name, queries: queries.count, outcome, in: clock.now - begun)
            throw error
        }
    }

    private static func scope(_ parameters: Parameters) throws(ServiceError) -> ServedIndex.Scope {
        var scope = ServedIndex.Scope(pathPrefix: try parameters.string("under") ?? "")
        let conditions = try parameters.strings("where") ?? []
        guard conditions.count <= mostConditions else {
            throw parameters.mismatch("where", "at most \(mostConditions) conditions", found: "\(conditions.count)")
        }
        for text in conditions {
            do throws(MetadataProblem) { scope.conditions.append(try MetadataCondition(text)) } catch {
                throw ServiceError(.invalidParams, "params.where: \(error)")
            }
        }
        return scope
    }

    var times: StageTimes? { results.times }
    var failure: ServiceError? { results.failure }

    func write(to json: inout JSONWriter, frames: inout AnswerFrames) {
        json.field("index", index)
        json.field("mode", mode.rawValue)
        results.write(to: &json) { json, hits in
            json.key("neighbours")
            json.array(of: hits) { json, hit in
                json.object { json in
                    json.field("similarity", hit.similarity)
                    json.key("paths")
                    json.array(of: hit.images) { $0.value($1.path) }
                    json.field("metadata", of: hit.images)
                }
            }
        }
        json.key("stamp")
        stamp.write(to: &json)
    }
}
