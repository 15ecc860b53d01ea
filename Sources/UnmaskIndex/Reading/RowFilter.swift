/// Which rows of an index count in a search, and which of their images.
public struct RowFilter: Sendable {
    private let flags: [Bool]
    /// By record; nil where all that were not deleted count.
    private let records: [Bool]?
    public let rowCount: Int

    /// Rows of which an image was not deleted, has a path that begins with `prefix`, and metadata that fulfil all conditions.
    ///
    /// Throws where no image has a condition's member, or has a value of another kind there.
    public init(
        _ store: VectorStore, pathPrefix prefix: String = "", where conditions: [MetadataCondition] = []
    ) throws(IndexError) {
        let bytes = Array(escapedJSON(prefix).utf8)
        let isOfImages = !bytes.isEmpty || !conditions.isEmpty
        try store.check(conditions)
        var records = isOfImages ? try store.records.fulfilling(conditions) : nil
        var flags = [Bool](repeating: true, count: store.rowCount)
        if isOfImages || store.deletedCount > 0 {
            for row in flags.indices {
                flags[row] = false
                for record in store.records.records(ofRow: row) {
                    guard records?[record] ?? true else { continue }
                    let counts = try store.records.path(of: record, begins: bytes)
                    records?[record] = counts
                    if counts { flags[row] = true }
                }
            }
        }
        self.flags = flags
        self.records = records
        rowCount = flags.count { $0 }
    }

    public func counts(_ row: Int) -> Bool { flags[row] }

    /// Whether a record, which was not deleted, does.
    func includes(record: Int) -> Bool { records?[record] ?? true }
}
