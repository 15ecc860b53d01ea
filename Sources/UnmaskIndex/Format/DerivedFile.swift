extension Manifest {
    /// What was made of an index's first rows for one mode of approximate search, and what that came to.
    public struct DerivedFile: Sendable, Equatable, Codable {
        public let mode: SearchMode
        /// Those that it is of: full shards'.
        public let rows: Int
        public let file: Extent
        /// The share of the nearest that a search is to find.
        public let wanted: Double
        public let reached: Recall

        static let ending = ".derived"

        /// Another file has another name, so that what a manifest names is there as long as the manifest is.
        var name: String { "\(mode.rawValue)-\(file.checksum)\(Self.ending)" }
    }

    /// What there is for a mode.
    public func derived(for mode: SearchMode) -> DerivedFile? { derived?.first { $0.mode == mode } }

    /// What cannot be of derived files, in words; nil where everything can.
    var problemOfDerived: String? {
        let files = derived ?? []
        for file in files {
            guard file.mode == .hnsw || file.mode == .ivfpq, file.rows > 0, file.rows <= rows,
                file.rows.isMultiple(of: shardRows), file.file.bytes > 0, file.wanted > 0, file.wanted <= 1
            else { return "it has a file of \(file.rows) rows for searches of mode \(file.mode.rawValue)" }
            if let problem = file.reached.problem { return problem }
        }
        return Set(files.map(\.mode)).count == files.count ? nil : "it has several files for one mode of search"
    }
}
