import UnmaskClient

/// What a load wants to know of a reply, found without reading all of its JSON.
extension ReplyFramer.Event {
    /// The type of the error that refused the request; nil where it succeeded.
    var errorType: String? {
        envelope.error.map { types(in: $0).first ?? "unknown" }
    }

    /// The types of the errors of single images. The usual answer, `"failed":0`, is known by those bytes alone.
    var failedImages: [String] {
        guard let result = envelope.result, find(#""failed":"#, in: result) != nil,
            find(#""failed":0"#, in: result) == nil
        else { return [] }
        return types(in: result)
    }

    /// The strings that follow `"type":` in a part of the line, as every error has it.
    private func types(in range: Range<Int>) -> [String] {
        var found: [String] = []
        var rest = range
        while let start = find(#""type":""#, in: rest) {
            let name = text(of: start..<range.upperBound).prefix { $0 != "\"" }
            found.append(String(name))
            rest = start..<range.upperBound
        }
        return found
    }

    /// Where the text that follows some bytes begins.
    private func find(_ needle: String, in range: Range<Int>) -> Int? {
        line.withUnsafeReadableBytes { $0[range].firstRange(of: needle.utf8)?.upperBound }
    }
}
