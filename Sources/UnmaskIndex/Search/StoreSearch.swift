public import UnmaskRuntime

/// How a search looks for what is nearest.
public enum SearchMode: String, Sendable, CaseIterable, Codable {
    /// Every row is looked at.
    case exact
    /// By signs; `BitRows`.
    case bits
    /// Along a graph; `RowGraph`.
    case hnsw
    /// In an inverted file; `RowLists`.
    case ivfpq

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
        case derived(DerivedSearch)
    }

    /// Throws `invalidRequest` where the index has not what the mode needs.
    ///
    /// - Parameter previous: of the same index as it was before: what it goes by is kept where it is the same.
    public init(
        _ store: VectorStore, mode: SearchMode, after previous: StoreSearch? = nil, engine: Engine
    ) throws(IndexError) {
        (self.store, self.mode) = (store, mode)
        switch mode {
        case .exact:
            (way, recall) = (.exact(FlatSearch(store, engine: engine)), nil)
        case .bits:
            (way, recall) = (.bits(try BitSearch(store, engine: engine)), store.manifest.bits?.reached)
        case .hnsw, .ivfpq:
            guard let file = store.manifest.derived(for: mode) else {
                throw IndexError(
                    .invalidRequest, store.path,
                    "it is not prepared for searches of mode \(mode.rawValue): unmask index approximate \(store.path) "
                        + "--kind \(mode.rawValue) does that")
            }
            let derived: any NearRows
            if case .derived(let search) = previous?.way, previous?.store.manifest.derived(for: mode) == file {
                derived = search.derived
            } else {
                derived = try store.read(file, engine)
            }
            let search = DerivedSearch(store: store, derived: derived, effort: file.reached.effort, engine: engine)
            (way, recall) = (.derived(search), file.reached)
        }
    }

    /// As `FlatSearch.nearest`. An approximate mode may miss some of the nearest; the similarities of what it finds are exact.
    public func nearest(_ queries: [Float], k: Int, filter: RowFilter? = nil) throws -> [[Neighbour]] {
        let filter = try filter ?? RowFilter(store)
        return switch way {
        case .exact(let search): try search.nearest(queries, k: k, filter: filter)
        case .bits(let search): try search.nearest(queries, k: k, filter: filter)
        case .derived(let search): try search.nearest(queries, k: k, filter: filter)
        }
    }
}

extension VectorStore {
    /// Reads what a mode of this index goes by.
    fileprivate func read(_ file: Manifest.DerivedFile, _ engine: Engine) throws(IndexError) -> any NearRows {
        let contents = try FileExtent(
            file.file, path: path + "/" + file.name, isGrowing: false,
            remedy:
                "unmask index approximate \(path) --kind \(file.mode.rawValue) makes it again; exact searches do without"
        )
        return file.mode == .hnsw
            ? try RowGraph(contents, of: self, rows: file.rows, engine: engine)
            : try RowLists(contents, of: self, rows: file.rows)
    }
}
