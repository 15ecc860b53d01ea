/// Finds `id` and `bytes` in a line that cannot be parsed: one that is too long to keep, or is not acceptable JSON.
///
/// It looks only at quotes, brackets and commas, in constant memory, and is fed the line in any pieces. What it finds
/// lets the error reach the request it belongs to, and lets the announced frames be skipped. In a line whose brackets
/// do not match it may find nothing.
struct EnvelopeScanner {
    /// Longer texts of a member at the top level cannot be an `id` or a `bytes` that matter here.
    private static let maximumText = 4096

    private var depth = 0
    private var isInString = false
    private var isEscaped = false
    /// The text of the key or the value, at the top level, that is being read.
    private var text: [UInt8] = []
    private var key: JSONValue?
    private var members: [String: JSONValue] = [:]

    /// The id of the line, or `.null`.
    var id: RequestID { members["id"].flatMap(RequestID.init) ?? .null }

    /// The lengths of the frames that the line announces; empty where it announces none that are possible.
    var frameLengths: [Int] { (try? members["bytes"].map(RequestLine.frameLengths)) ?? [] }

    mutating func consume(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { consume(byte) }
    }

    private mutating func consume(_ byte: UInt8) {
        if isInString {
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isInString = false
            }
            return keep(byte)
        }
        switch byte {
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            if depth > 0 { keep(byte) }
            depth += 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            depth -= 1
            if depth == 0 { endMember() } else { keep(byte) }
        case UInt8(ascii: ":") where depth == 1: endKey()
        case UInt8(ascii: ",") where depth == 1: endMember()
        default:
            isInString = byte == UInt8(ascii: "\"")
            keep(byte)
        }
    }

    private mutating func keep(_ byte: UInt8) {
        if depth > 0, text.count <= Self.maximumText { text.append(byte) }
    }

    private mutating func endKey() {
        key = parsedText()
    }

    private mutating func endMember() {
        if case .string(let name)? = key, name == "id" || name == "bytes", let value = parsedText() {
            members[name] = value
        }
        text.removeAll(keepingCapacity: true)
        key = nil
    }

    private mutating func parsedText() -> JSONValue? {
        defer { text.removeAll(keepingCapacity: true) }
        guard text.count <= Self.maximumText else { return nil }
        return text.withUnsafeBytes { try? JSONParser.parse($0) }
    }
}
