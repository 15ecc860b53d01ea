/// One image of an index: a line of a shard's `.jsonl` file.
///
/// `{"row":12,"path":"a.jpg","content":"<64 digits>","bytes":9931,"modified":1700000000000000000}`; of an image whose pixels
/// an earlier one has, `same` stands in place of `row`, with that one's row. What carries metadata has them last,
/// `"metadata":{"label":"cat"}`. The members come in this order, without spaces.
public struct Record: Sendable, Equatable {
    /// Of the index, from 0.
    public let row: Int
    /// Whether an earlier record has brought this row.
    public let isDuplicate: Bool
    public let image: IndexedImage

    public init(row: Int, isDuplicate: Bool, image: IndexedImage) {
        self.row = row
        self.isDuplicate = isDuplicate
        self.image = image
    }

    /// With the line's end.
    var line: String {
        "{\"\(isDuplicate ? "same" : "row")\":\(row),\"path\":\"\(escapedJSON(image.path))\",\"content\":\"\(image.content)\","
            + "\"bytes\":\(image.byteCount),\"modified\":\(image.modified)"
            + (image.metadata.isEmpty ? "" : ",\"metadata\":\(image.metadata.json)") + "}\n"
    }

    /// Nil where the line, without its end, is not as `line` writes it.
    init?(line: UnsafeRawBufferPointer) {
        var scanner = LineScanner(line)
        let isDuplicate = scanner.takes("{\"same\":")
        guard isDuplicate || scanner.takes("{\"row\":"), let row = scanner.number(), scanner.takes(",\"path\":\""),
            let path = scanner.string(), scanner.takes(",\"content\":\""),
            let content = ContentHash(scanner.bytes(64)), scanner.takes("\",\"bytes\":"),
            let byteCount = scanner.number(), scanner.takes(",\"modified\":"), let modified = scanner.number(),
            let metadata = scanner.metadata(), scanner.takes("}"), scanner.isAtEnd
        else { return nil }
        self.init(
            row: row, isDuplicate: isDuplicate,
            image: IndexedImage(
                path: path, content: content, byteCount: byteCount, modified: modified, metadata: metadata))
    }
}

/// Where an image came from, and what it was then.
public struct IndexedImage: Sendable, Equatable {
    /// As it was named; of a member of a tar file `archive.tar/member`.
    public let path: String
    public let content: ContentHash
    /// Of the encoded image.
    public let byteCount: Int
    /// Of the file, in nanoseconds since 1970.
    public let modified: Int
    public let metadata: Metadata

    public init(
        path: String, content: ContentHash, byteCount: Int, modified: Int, metadata: Metadata = .none
    ) {
        self.path = path
        self.content = content
        self.byteCount = byteCount
        self.modified = modified
        self.metadata = metadata
    }
}

extension LineScanner {
    /// What stands behind `modified`: none, or the member `metadata` up to the record's closing bracket. Nil where it is not as
    /// `line` writes it.
    fileprivate mutating func metadata() -> Metadata? {
        guard takes(",\"metadata\":") else { return Metadata.none }
        return Metadata(record: bytes(count - 1))
    }
}
