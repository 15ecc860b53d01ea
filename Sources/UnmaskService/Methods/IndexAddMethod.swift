import Foundation
import UnmaskImage
import UnmaskIndex
import UnmaskModel

/// `index.add`: embeds images as the index's vectors were made, and adds them. What is answered as added is durable.
struct IndexAddResult: MethodResult {
    private static let parameters = ImageRequest.parameters + ["index", "names", "metadata"]

    private let index: String
    private let images: Int
    private let results: ItemResults<ServedIndex.Added>
    private let stamp: ResultStamp

    init(_ request: Request, _ context: MethodContext) async throws(ServiceError) {
        let parameters = try Parameters(request.params, allowing: Self.parameters)
        let images = try parameters.images(frames: request.frames, maximum: context.limits.imagesPerRequest)
        let names = try Self.names(of: images, parameters)
        let metadata = try Self.metadata(of: images.count, parameters)
        let entry = try context.handler.indexes.index(named: try parameters.string("index"))
        let run = try await ImageRequest(parameters, context)
        let vector = try IndexVector(of: entry, run)
        stamp = vector.stamp
        let identified = try await context.scheduler.identify(images, for: run.model, run.preparation)
        let sources = identified.compactMap { try? $0.get().source }
        let (outcomes, _) = try await run.run(sources, .embed(vector.options), vector.budget, context)
        var embedded = outcomes.makeIterator()
        let vectors = identified.map { image in
            image.then { (image) throws(ServiceError) in
                guard let outcome = embedded.next() else { throw .cancelled }
                let embedding = try outcome.result.then(EmbeddingOutput.init).get()
                return (image: image, vector: embedding.values)
            }
        }
        let now = Int(Date().timeIntervalSince1970 * 1e9)
        let additions = names.indices.compactMap { place -> ServedIndex.Addition? in
            let result = vectors[place]
            guard let (image, vector) = try? result.get(), let content = ContentHash(image.content.utf8) else {
                return nil
            }
            return ServedIndex.Addition(
                image: IndexedImage(
                    path: names[place], content: content, byteCount: image.byteCount, modified: now,
                    metadata: metadata[place]),
                vector: vector)
        }
        let changes = additions.isEmpty ? [] : try await entry.add(additions)
        let replaced = changes.count(where: \.isReplacement)
        context.metrics.changed(entry.name, images: replaced, .replaced)
        context.metrics.changed(entry.name, images: changes.count - replaced, .added)
        var added = changes.makeIterator()
        index = entry.name
        self.images = entry.snapshot.images
        results = ItemResults(
            vectors.map { result in
                result.then { (_) throws(ServiceError) in
                    guard let next = added.next() else { throw .cancelled }
                    return next
                }
            }, outcomes, context)
    }

    /// What each image is called in the index: as `names` has it, or its path.
    private static func names(of images: [ImageSource], _ parameters: Parameters) throws(ServiceError) -> [String] {
        let given = try parameters.strings("names")
        if let given, given.count != images.count {
            throw parameters.mismatch(
                "names", "one for each of the \(images.count) images", found: "\(given.count) names")
        }
        var names: [String] = []
        for (place, image) in images.enumerated() {
            if let name = given?[place], !name.isEmpty {
                names.append(name)
            } else if given == nil, case .path(let path) = image {
                names.append(path)
            } else {
                throw parameters.mismatch("names", "a name for each image, which only paths have of themselves")
            }
        }
        guard Set(names).count == names.count else { throw parameters.mismatch("names", "different ones") }
        return names
    }

    /// What each image carries: an object, or null for nothing.
    private static func metadata(of images: Int, _ parameters: Parameters) throws(ServiceError) -> [Metadata] {
        guard let value = parameters["metadata"] else { return Array(repeating: .none, count: images) }
        guard case .array(let objects) = value, objects.count == images else {
            throw parameters.mismatch("metadata", "an array of an object or null for each of the \(images) images")
        }
        var metadata: [Metadata] = []
        for (place, object) in objects.enumerated() {
            do throws(MetadataProblem) { metadata.append(try Metadata(object)) } catch {
                throw ServiceError(.invalidParams, "params.metadata[\(place)]: \(error)")
            }
        }
        return metadata
    }

    var times: StageTimes? { results.times }
    var failure: ServiceError? { results.failure }

    func write(to json: inout JSONWriter, frames: inout AnswerFrames) {
        json.field("index", index)
        json.field("images", images)
        results.write(to: &json) { json, added in
            json.field("duplicate", added.isDuplicate)
            json.field("replaced", added.isReplacement)
        }
        json.key("stamp")
        stamp.write(to: &json)
    }
}
