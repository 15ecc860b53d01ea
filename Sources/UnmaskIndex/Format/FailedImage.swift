/// An image that could not be embedded: a line of `errors.jsonl`, as other commands print it,
/// `{"path":"a.jpg","error":{"type":"image_not_found","message":"…"}}`.
public struct FailedImage: Sendable, Equatable {
    public let path: String
    /// The protocol's error type.
    public let type: String
    public let message: String

    public init(path: String, type: String, message: String) {
        self.path = path
        self.type = type
        self.message = message
    }

    /// With the line's end.
    var line: String {
        "{\"path\":\"\(escapedJSON(path))\",\"error\":{\"type\":\"\(escapedJSON(type))\",\"message\":"
            + "\"\(escapedJSON(message))\"}}\n"
    }

    /// Nil where the line, without its end, is not as `line` writes it.
    init?(line: UnsafeRawBufferPointer) {
        var scanner = LineScanner(line)
        guard scanner.takes("{\"path\":\""), let path = scanner.string(), scanner.takes(",\"error\":{\"type\":\""),
            let type = scanner.string(), scanner.takes(",\"message\":\""), let message = scanner.string(),
            scanner.takes("}}"), scanner.isAtEnd
        else { return nil }
        self.init(path: path, type: type, message: message)
    }
}
