extension Manifest {
    /// A graph of an index's first rows, and what a search along it came to.
    public struct GraphFile: Sendable, Equatable, Codable {
        public let kind: SearchMode
        /// Those that it joins: of full shards.
        public let rows: Int
        public let file: Extent
        /// The share of the nearest that a search is to find.
        public let wanted: Double
        public let reached: Recall

        static let ending = ".graph"

        /// Another graph has another name, so that a manifest's graph is there as long as the manifest is.
        var name: String { "\(kind.rawValue)-\(file.checksum)\(Self.ending)" }
    }

    /// The graph of a kind.
    public func graph(_ kind: SearchMode) -> GraphFile? { graphs?.first { $0.kind == kind } }

    /// What cannot be of this index's graphs, in words; nil where everything can.
    var problemOfGraphs: String? {
        let graphs = graphs ?? []
        for graph in graphs {
            guard graph.kind == .hnsw, graph.rows > 0, graph.rows <= rows, graph.rows.isMultiple(of: shardRows),
                graph.file.bytes > 0, graph.wanted > 0, graph.wanted <= 1
            else { return "it has a graph of kind \(graph.kind) and \(graph.rows) rows" }
            if let problem = graph.reached.problem { return problem }
        }
        return Set(graphs.map(\.kind)).count == graphs.count ? nil : "it has several graphs of one kind"
    }
}
