import Synchronization
import UnmaskHeads
internal import UnmaskIndex
internal import UnmaskRuntime

/// An index that a service searches and adds to. Searches see it as it was when they began: whole additions, or nothing of them.
final class ServedIndex: Sendable {
    let name: String
    private let path: String
    let engine: Engine
    private let current: Mutex<Snapshot>
    /// Opened by the first change; additions take turns.
    private let writer = Mutex<StoreWriter?>(nil)
    /// As they were last asked for: a graph takes a while to read, and stays what it is when the index grows.
    let searches = Mutex<[SearchMode: StoreSearch]>([:])
    /// The map that was asked for last; those who ask take turns, and have it at once where nothing has changed.
    let lastMap = Mutex<(store: VectorStore, question: IndexMap.Question, map: IndexMap)?>(nil)

    /// An index as it is between two changes.
    struct Snapshot: Sendable {
        let store: VectorStore
        let everything: RowFilter

        init(_ store: VectorStore) throws(IndexError) {
            self.store = store
            everything = try RowFilter(store)
        }

        /// Images that were not deleted.
        var images: Int { store.recordCount - store.deletedCount }
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
        current = Mutex(try Snapshot(try VectorStore(path: path)))
    }

    var snapshot: Snapshot { current.withLock(\.self) }

    /// Adds images, those of names that the index has in place of these. They are durable, and found, when this returns.
    ///
    /// Throws `invalid_params`, and adds none, where a member of their metadata would have values of two kinds.
    func add(_ additions: [Addition]) async throws(ServiceError) -> [Added] {
        try await change { writer in
            // All go before the first comes: their metadata do not stand in the way of those of others.
            let replaced = additions.map { writer.delete(path: $0.image.path) }
            return try zip(additions, replaced).map { addition, isReplacement in
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
                let next = try Snapshot(try VectorStore(path: path, after: store))
                current.withLock { $0 = next }
                writer = open
                return answer
            }
        }
    }

    /// Runs what may take long on a thread of its own. What an index cannot be asked for is `invalid_params`.
    func onThread<Answer: Sendable>(
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

    func named(_ error: any Error) -> ServiceError {
        switch error {
        case let error as IndexError where error.cause == .invalidRequest:
            ServiceError(.invalidParams, "index \(name): \(error.problem)")
        case let error as ServiceError: ServiceError(error.type, "index \(name): \(error.message)")
        case let error as HeadError: named(ServiceError(error))
        default: ServiceError(.internal, "index \(name): \(error)")
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
