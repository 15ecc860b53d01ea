public import UnmaskRuntime

/// How a search looks for what is nearest.
public enum SearchMode: String, Sendable, CaseIterable {
    /// Every row is looked at.
    case exact
    /// By signs; `BitRows`.
    case bits

    public var isApproximate: Bool { self != .exact }
}

/// Search of an index in one of its modes.
public struct StoreSearch: Sendable {
    public let mode: SearchMode
    /// What was measured of an approximate mode; nil of the exact one.
    public let recall: Recall?
    private let store: VectorStore
    private let flat: FlatSearch
    private let bits: BitSearch?

    /// Throws `invalidRequest` where the index has not what the mode needs.
    public init(_ store: VectorStore, mode: SearchMode, engine: Engine) throws(IndexError) {
        (self.store, self.mode) = (store, mode)
        flat = FlatSearch(store, engine: engine)
        bits = mode == .bits ? try BitSearch(store, engine: engine) : nil
        recall = mode == .bits ? store.manifest.bits?.reached : nil
    }

    /// As `FlatSearch.nearest`. An approximate mode may miss some of the nearest; the similarities of what it finds are exact.
    public func nearest(_ queries: [Float], k: Int, filter: RowFilter? = nil) throws -> [[Neighbour]] {
        if let bits { return try bits.nearest(queries, k: k, filter: filter ?? RowFilter(store)) }
        return try flat.nearest(queries, k: k, filter: filter)
    }
}
