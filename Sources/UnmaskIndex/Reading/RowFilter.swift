/// Which rows of an index count in a search.
public struct RowFilter: Sendable {
    private let flags: [Bool]
    public let rowCount: Int

    /// Rows of which an image was not deleted and has a path that begins with `prefix`.
    public init(_ store: VectorStore, pathPrefix prefix: String = "") throws(IndexError) {
        let bytes = Array(escapedJSON(prefix).utf8)
        var flags = [Bool](repeating: true, count: store.rowCount)
        if !bytes.isEmpty || store.deletedCount > 0 {
            for row in flags.indices {
                flags[row] = false
                for record in store.records.records(ofRow: row) where !flags[row] {
                    flags[row] = try store.records.path(of: record, begins: bytes)
                }
            }
        }
        self.flags = flags
        rowCount = flags.count { $0 }
    }

    public func counts(_ row: Int) -> Bool { flags[row] }
}
