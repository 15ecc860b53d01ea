/// Embeds the images of a source into an index, the next of them being prepared while the engine works.
///
/// Images that the index has, by path or by pixels, are not embedded again. Records come in the source's order whatever was
/// prepared first.
public struct BulkEmbedding<Input: Sendable> {
    /// An image that is ready for the engine.
    public struct Prepared: Sendable {
        public let content: ContentHash
        public let input: Input

        public init(content: ContentHash, input: Input) {
            self.content = content
            self.input = input
        }
    }

    /// Why an image has no vector.
    public struct Failure: Error, Sendable {
        /// The protocol's error type.
        public let type: String
        public let message: String

        public init(type: String, message: String) {
            self.type = type
            self.message = message
        }
    }

    private let writer: StoreWriter
    private let batch: Int
    private let prepare: @Sendable (SourceItem) -> Result<Prepared, Failure>
    private let embed: ([Input]) throws -> [Result<[Float], Failure>]
    private let clock = ContinuousClock()

    /// - Parameters:
    ///   - batch: images that are prepared, and embedded, together.
    ///   - prepare: is called from several threads.
    ///   - embed: a vector of length 1 for each input.
    public init(
        into writer: StoreWriter, batch: Int, prepare: @escaping @Sendable (SourceItem) -> Result<Prepared, Failure>,
        embed: @escaping ([Input]) throws -> [Result<[Float], Failure>]
    ) {
        self.writer = writer
        self.batch = batch
        self.prepare = prepare
        self.embed = embed
    }

    /// Embeds what the index does not have, and makes it durable.
    ///
    /// - Parameters:
    ///   - isOver: whether to end behind a batch. What is embedded by then is durable, and the index unfinished.
    ///   - told: of each batch.
    public func run(
        _ items: [SourceItem], until isOver: () -> Bool = { false }, told: (BulkProgress) -> Void
    ) async throws -> BulkProgress {
        var seen: Set<String> = []
        let missing = items.filter {
            writer.image(of: $0.path) == nil && !writer.hasFailed($0.path) && seen.insert($0.path).inserted
        }
        try writer.check(missing.lazy.map { ($0.path, $0.metadata ?? writer.keptMetadata(of: $0.path)) })
        var progress = BulkProgress(all: items.count, missing: missing.count)
        let (batch, prepare) = (batch, prepare)
        var current = await Self.prepared(missing.prefix(batch), prepare)
        for start in stride(from: 0, to: missing.count, by: batch) {
            async let next = Self.prepared(missing.dropFirst(start + batch).prefix(batch), prepare)
            let begun = clock.now
            try record(current, &progress)
            try writer.checkpointIfDue()
            let engine = clock.now - begun
            current = await next
            progress.note(engine: engine, waiting: clock.now - begun - engine)
            told(progress)
            if isOver(), progress.done < missing.count {
                try writer.checkpoint()
                return progress
            }
        }
        try writer.finish()
        return progress
    }

    private static func prepared(
        _ items: ArraySlice<SourceItem>, _ prepare: @escaping @Sendable (SourceItem) -> Result<Prepared, Failure>
    ) async -> [(SourceItem, Result<Prepared, Failure>)] {
        await withTaskGroup(of: (Int, Result<Prepared, Failure>).self) { group in
            for (index, item) in zip(items.indices, items) { group.addTask { (index, prepare(item)) } }
            var results: [Int: Result<Prepared, Failure>] = [:]
            for await (index, result) in group { results[index] = result }
            return zip(items.indices, items).compactMap { index, item in results[index].map { (item, $0) } }
        }
    }

    private func record(
        _ images: [(item: SourceItem, result: Result<Prepared, Failure>)], _ progress: inout BulkProgress
    ) throws {
        var inputs: [Input] = []
        var places: [ContentHash: Int] = [:]
        for case (_, .success(let image)) in images where writer.row(of: image.content) == nil {
            guard places[image.content] == nil else { continue }
            places[image.content] = inputs.count
            inputs.append(image.input)
        }
        let vectors = inputs.isEmpty ? [] : try embed(inputs)
        for (item, result) in images {
            switch result {
            case .failure(let failure):
                try fail(item, failure, &progress)
            case .success(let image):
                let indexed = item.image(image.content, keeping: writer.keptMetadata(of: item.path))
                if let row = writer.row(of: image.content) {
                    try writer.addDuplicate(indexed, ofRow: row)
                    progress.duplicates += 1
                } else if let place = places[image.content] {
                    switch vectors[place] {
                    case .success(let vector):
                        try writer.add(indexed, vector: vector)
                        progress.embedded += 1
                    case .failure(let failure): try fail(item, failure, &progress)
                    }
                }
            }
        }
    }

    private func fail(_ item: SourceItem, _ failure: Failure, _ progress: inout BulkProgress) throws {
        try writer.add(FailedImage(path: item.path, type: failure.type, message: failure.message))
        progress.failed += 1
    }
}
