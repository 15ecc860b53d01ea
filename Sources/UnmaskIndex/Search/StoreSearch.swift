public import UnmaskRuntime

/// How a search looks for what is nearest.
public enum SearchMode: String, Sendable, CaseIterable, Codable {
    /// Every row is looked at.
    case exact
    /// By signs; `BitRows`.
    case bits
    /// Along a graph; `RowGraph`.
    case hnsw

    public var isApproximate: Bool { self != .exact }
}

/// Search of an index in one of its modes.
public struct StoreSearch: Sendable {
    public let mode: SearchMode
    /// What was measured of an approximate mode; nil of the exact one.
    public let recall: Recall?
    public let store: VectorStore
    private let way: Way

    private enum Way: Sendable {
        case exact(FlatSearch)
        case bits(BitSearch)
        case graph(GraphSearch)
    }

    /// Throws `invalidRequest` where the index has not what the mode needs.
    ///
    /// - Parameter previous: of the same index as it was before: its graph is kept where it is the same.
    public init(
        _ store: VectorStore, mode: SearchMode, after previous: StoreSearch? = nil, engine: Engine
    ) throws(IndexError) {
        (self.store, self.mode) = (store, mode)
        switch mode {
        case .exact:
            (way, recall) = (.exact(FlatSearch(store, engine: engine)), nil)
        case .bits:
            (way, recall) = (.bits(try BitSearch(store, engine: engine)), store.manifest.bits?.reached)
        case .hnsw:
            guard let file = store.manifest.graph(mode) else {
                throw IndexError(
                    .invalidRequest, store.path,
                    "it has no graph: unmask index approximate \(store.path) --kind \(mode.rawValue) makes one")
            }
            let graph =
                if case .graph(let search) = previous?.way, previous?.store.manifest.graph(mode) == file {
                    search.graph
                } else {
                    try store.graph(file, engine)
                }
            let search = GraphSearch(store: store, graph: graph, effort: file.reached.effort, engine: engine)
            (way, recall) = (.graph(search), file.reached)
        }
    }

    /// As `FlatSearch.nearest`. An approximate mode may miss some of the nearest; the similarities of what it finds are exact.
    public func nearest(_ queries: [Float], k: Int, filter: RowFilter? = nil) throws -> [[Neighbour]] {
        let filter = try filter ?? RowFilter(store)
        return switch way {
        case .exact(let search): try search.nearest(queries, k: k, filter: filter)
        case .bits(let search): try search.nearest(queries, k: k, filter: filter)
        case .graph(let search): try search.nearest(queries, k: k, filter: filter)
        }
    }
}

extension VectorStore {
    /// Reads a graph of this index.
    fileprivate func graph(_ file: Manifest.GraphFile, _ engine: Engine) throws(IndexError) -> RowGraph {
        let contents = try FileExtent(
            file.file, path: path + "/" + file.name, isGrowing: false,
            remedy:
                "unmask index approximate \(path) --kind \(file.kind.rawValue) makes it again; exact searches need it not"
        )
        return try RowGraph(contents, of: self, rows: file.rows, engine: engine)
    }
}
