import Synchronization
import UnmaskHeads
internal import UnmaskIndex
internal import UnmaskRuntime

/// An index that a service searches and adds to. Searches see it as it was when they began: whole additions, or nothing of them.
final class ServedIndex: Sendable {
    let name: String
    private let path: String
    private let engine: Engine
    private let current: Mutex<Snapshot>
    /// Opened by the first change; additions take turns.
    private let writer = Mutex<StoreWriter?>(nil)
    /// The map that was asked for last; those who ask take turns, and have it at once where nothing has changed.
    private let lastMap = Mutex<(store: VectorStore, question: IndexMap.Question, map: IndexMap)?>(nil)

    /// An index as it is between two changes.
    struct Snapshot: Sendable {
        let store: VectorStore
        let search: FlatSearch
        let everything: RowFilter

        init(_ store: VectorStore, engine: Engine) throws(IndexError) {
            self.store = store
            search = FlatSearch(store, engine: engine)
            everything = try RowFilter(store)
        }

        /// Images that were not deleted.
        var images: Int { store.recordCount - store.deletedCount }
    }

    /// How much of what is nearest is given.
    struct Extent: Sendable {
        let k: Int
        /// The nearest that are passed over: those of earlier pages.
        let offset: Int
        /// From which similarity on a row is nearly the same as a nearer one, which stands for it; nil: every row stands for
        /// itself.
        let distinct: Float?
        /// Of the images' paths.
        let prefix: String
    }

    /// A row that was found, with its images.
    struct Hit: Sendable {
        let row: Int
        let similarity: Float
        let paths: [String]
    }

    /// What was found for one query, nearest first.
    struct Found: Sendable {
        let hits: [Hit]
        /// Rows that nearer ones stand for; nil where that was not asked.
        let hidden: Int?
    }

    /// An image with its vector, to be added.
    struct Addition: Sendable {
        let image: IndexedImage
        let vector: [Float]
    }

    /// What became of an addition.
    struct Added: Sendable {
        /// Whether the index had these pixels already: their vector stands for this image too.
        let isDuplicate: Bool
        /// Whether another image had its name, which was deleted.
        let isReplacement: Bool
    }

    init(name: String, path: String, engine: Engine) throws(IndexError) {
        (self.name, self.path, self.engine) = (name, path, engine)
        current = Mutex(try Snapshot(try VectorStore(path: path), engine: engine))
    }

    var snapshot: Snapshot { current.withLock(\.self) }

    /// The nearest rows of each query, on a thread of its own: it may take as long as a forward pass.
    func nearest(_ queries: [[Float]], _ extent: Extent) async throws(ServiceError) -> [Found] {
        let snapshot = snapshot
        return try await onThread { try snapshot.find(queries, extent) }
    }

    /// The nearest rows of each of the index's own.
    ///
    /// - Throws: `row_not_found`.
    func nearest(ofRows rows: [Int], _ extent: Extent) async throws(ServiceError) -> [Found] {
        let snapshot = snapshot
        for row in rows { try snapshot.check(row, of: name) }
        return try await onThread { try snapshot.find(try rows.map { try snapshot.store.vector(ofRow: $0) }, extent) }
    }

    /// The images of a row, at least one. They have equal pixels.
    ///
    /// - Throws: `row_not_found`.
    func images(ofRow row: Int) throws(ServiceError) -> [IndexedImage] {
        let snapshot = snapshot
        try snapshot.check(row, of: name)
        do { return try snapshot.store.images(ofRow: row) } catch { throw named(error) }
    }

    /// Rows in a plane. Made on a thread that gives way to those who serve.
    func map(of snapshot: Snapshot, _ question: IndexMap.Question) async throws(ServiceError) -> IndexMap {
        try await onThread(givesWay: true) { [self] in
            try lastMap.withLock { last in
                if let last, last.store === snapshot.store, last.question == question { return last.map }
                let map = try IndexMap(of: snapshot, question)
                last = (snapshot.store, question, map)
                return map
            }
        }
    }

    /// Adds images, those of names that the index has in place of these. They are durable, and found, when this returns.
    func add(_ additions: [Addition]) async throws(ServiceError) -> [Added] {
        try await change { writer in
            try additions.map { addition in
                let isReplacement = writer.delete(path: addition.image.path)
                let isDuplicate = writer.row(of: addition.image.content) != nil
                try writer.add(addition.image, vector: addition.vector)
                return Added(isDuplicate: isDuplicate, isReplacement: isReplacement)
            }
        }
    }

    /// Deletes the images of these names. That is durable, and they are found no longer, when this returns.
    ///
    /// - Returns: for each, whether there was one.
    func delete(_ names: [String]) async throws(ServiceError) -> [Bool] {
        try await change { writer in names.map { writer.delete(path: $0) } }
    }

    /// Where a change fails half-way, the writer is opened anew by the next one, from what the index last vouched for.
    private func change<Answer: Sendable>(
        _ body: @escaping @Sendable (StoreWriter) throws -> Answer
    ) async throws(ServiceError) -> Answer {
        try await onThread { [self] in
            try writer.withLock { writer in
                let store = snapshot.store
                let open = try writer ?? StoreWriter(path: path, store.manifest.empty)
                writer = nil
                if let damage = open.resumed.damage { throw IndexError(.damaged, path, damage) }
                let answer = try body(open)
                try open.checkpoint(isComplete: store.manifest.isComplete)
                let next = try Snapshot(try VectorStore(path: path, after: store), engine: engine)
                current.withLock { $0 = next }
                writer = open
                return answer
            }
        }
    }

    private func onThread<Answer: Sendable>(
        givesWay: Bool = false, _ body: @escaping @Sendable () throws -> Answer
    ) async throws(ServiceError) -> Answer {
        let result: Result<Answer, ServiceError> = await withCheckedContinuation { continuation in
            BackgroundThread.start(givesWay: givesWay) { [self] in
                continuation.resume(
                    returning: Result { () throws(ServiceError) in
                        do { return try body() } catch { throw named(error) }
                    })
            }
        }
        return try result.get()
    }

    private func named(_ error: any Error) -> ServiceError {
        switch error {
        case let error as ServiceError: ServiceError(error.type, "index \(name): \(error.message)")
        case let error as HeadError: named(ServiceError(error))
        default: ServiceError(.internal, "index \(name): \(error)")
        }
    }
}

extension ServedIndex.Snapshot {
    /// - Throws: `row_not_found`.
    fileprivate func check(_ row: Int, of index: String) throws(ServiceError) {
        guard (0..<store.rowCount).contains(row) else {
            let known = store.rowCount == 0 ? "none" : "0 to \(store.rowCount - 1)"
            throw ServiceError(.rowNotFound, "index \(index) has no row \(row): its rows are \(known)")
        }
        guard everything.counts(row) else {
            throw ServiceError(.rowNotFound, "row \(row) of index \(index) has no image any more: it was deleted")
        }
    }

    fileprivate func find(_ queries: [[Float]], _ extent: ServedIndex.Extent) throws -> [ServedIndex.Found] {
        let filter = extent.prefix.isEmpty ? everything : try RowFilter(store, pathPrefix: extent.prefix)
        let k = extent.offset + extent.k
        return try search.nearest(queries.flatMap(\.self), k: k, filter: filter).map { rows in
            let isKept = try extent.distinct.map { try search.distinct(rows, threshold: $0) }
            let page = rows.indices.dropFirst(extent.offset)
            let hits = try page.filter { isKept?[$0] ?? true }.map {
                ServedIndex.Hit(
                    row: rows[$0].row, similarity: rows[$0].similarity,
                    paths: try store.images(ofRow: rows[$0].row).map(\.path))
            }
            return ServedIndex.Found(hits: hits, hidden: isKept.map { _ in page.count - hits.count })
        }
    }
}

extension Manifest {
    /// Of an index of such vectors with nothing in it.
    fileprivate var empty: Manifest {
        var manifest = Manifest(stamp: stamp, dimension: dimension, shardRows: shardRows)
        manifest.part = part
        return manifest
    }
}
