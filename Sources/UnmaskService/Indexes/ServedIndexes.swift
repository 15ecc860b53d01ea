internal import UnmaskIndex
public import UnmaskRuntime

/// The indexes that a service searches, by name.
public struct ServedIndexes: Sendable {
    /// None.
    public static let none = ServedIndexes()

    struct Entry: Sendable {
        let name: String
        let store: VectorStore
        let search: FlatSearch
        let everything: RowFilter
    }

    private(set) var entries: [Entry] = []

    private init() {}

    /// Opens and checks each index. The first is what requests search that name none.
    ///
    /// - Parameter paths: names and folders; two may not have one name.
    public init(_ paths: [(name: String, path: String)], engine: Engine) throws {
        for (name, path) in paths {
            guard !entries.contains(where: { $0.name == name }) else {
                throw IndexError(
                    .invalidRequest, path, "another index is called “\(name)” too: say --index OTHER=\(path)")
            }
            let store = try VectorStore(path: path)
            entries.append(
                Entry(
                    name: name, store: store, search: FlatSearch(store, engine: engine),
                    everything: try RowFilter(store)))
        }
    }

    /// The index of a name, or the first.
    func index(named name: String?) throws(ServiceError) -> Entry {
        guard let first = entries.first else {
            throw ServiceError(.invalidParams, "this server has no index: start it with --index NAME=DIR")
        }
        guard let name else { return first }
        guard let entry = entries.first(where: { $0.name == name }) else {
            throw ServiceError(
                .invalidParams,
                "params.index: there is no index “\(name)”; there are \(entries.map(\.name).joined(separator: ", "))")
        }
        return entry
    }
}

extension ServedIndexes.Entry {
    /// A row that was found, with its images.
    struct Hit: Sendable {
        let similarity: Float
        let paths: [String]
    }

    /// The nearest rows of each query, on a thread of its own: it may take as long as a forward pass.
    func nearest(_ queries: [[Float]], k: Int, under prefix: String) async throws(ServiceError) -> [[Hit]] {
        let result: Result<[[Hit]], ServiceError> = await withCheckedContinuation { continuation in
            BackgroundThread.start(givesWay: false) {
                continuation.resume(returning: Result { () throws(ServiceError) in try find(queries, k, prefix) })
            }
        }
        return try result.get()
    }

    private func find(_ queries: [[Float]], _ k: Int, _ prefix: String) throws(ServiceError) -> [[Hit]] {
        do {
            let filter = prefix.isEmpty ? everything : try RowFilter(store, pathPrefix: prefix)
            return try search.nearest(queries.flatMap(\.self), k: k, filter: filter).map { rows in
                try rows.map { Hit(similarity: $0.similarity, paths: try store.images(ofRow: $0.row).map(\.path)) }
            }
        } catch {
            throw ServiceError(.internal, "\(error)")
        }
    }
}
