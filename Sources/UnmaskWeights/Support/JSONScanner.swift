/// A strict reader of JSON text (RFC 8259): it visits values in order and builds nothing that it is not asked for,
/// so that the cost of hostile text is one pass over it.
///
/// Every failure is a `WeightsError` of the cause given at the start, with the offset of the byte.
struct JSONScanner {
    /// Values that are skipped may nest this deep.
    static let maximumDepth = 64

    private let bytes: UnsafeRawBufferPointer
    private let file: String
    private let malformed: WeightsError.Cause
    private var position = 0

    init(_ bytes: UnsafeRawBufferPointer, file: String, malformed: WeightsError.Cause) {
        self.bytes = bytes
        self.file = file
        self.malformed = malformed
    }

    /// Reads an object, calling `member` with each key; it must consume the value.
    mutating func object(
        _ member: (inout JSONScanner, String) throws(WeightsError) -> Void
    ) throws(WeightsError) {
        try expect("{")
        if accept("}") { return }
        repeat {
            let key = try string()
            try expect(":")
            try member(&self, key)
        } while accept(",")
        try expect("}")
    }

    /// Reads an array, calling `element` at the start of each element; it must consume the value.
    mutating func array(_ element: (inout JSONScanner) throws(WeightsError) -> Void) throws(WeightsError) {
        try expect("[")
        if accept("]") { return }
        repeat { try element(&self) } while accept(",")
        try expect("]")
    }

    /// Reads a whole number from 0 to `Int.max`.
    mutating func naturalNumber() throws(WeightsError) -> Int {
        skipSpace()
        let start = position
        var value = 0
        while let digit = peek(), UInt8(ascii: "0")...UInt8(ascii: "9") ~= digit {
            let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tens.addingReportingOverflow(Int(digit - UInt8(ascii: "0")))
            guard !overflow, !carry else { throw failure("a number is larger than \(Int.max)") }
            value = sum
            position += 1
        }
        let leadingZero = position > start + 1 && bytes[start] == UInt8(ascii: "0")
        let fraction = peek().map { ".eE".utf8.contains($0) } ?? false
        guard position > start, !leadingZero, !fraction else { throw failure("expected a whole number from 0 on") }
        return value
    }

    /// Reads a string.
    mutating func string() throws(WeightsError) -> String {
        try expect("\"")
        let start = position
        var escaped = false
        while let byte = peek(), byte != UInt8(ascii: "\"") {
            guard byte >= 0x20 else { throw failure("a control character stands in a string") }
            escaped = escaped || byte == UInt8(ascii: "\\")
            position += byte == UInt8(ascii: "\\") ? 2 : 1
        }
        guard position < bytes.count else { throw failure("a string does not end") }
        let raw = bytes[start..<position]
        position += 1
        guard let text = escaped ? unescapedJSON(raw) : String(validating: raw, as: UTF8.self) else {
            throw failure("a string is no valid UTF-8 or has an invalid escape")
        }
        return text
    }

    /// Reads any value without building it, and returns its text.
    @discardableResult
    mutating func skipValue(depth: Int = 0) throws(WeightsError) -> String {
        skipSpace()
        let start = position
        guard depth < JSONScanner.maximumDepth else { throw failure("values nest deeper than \(depth)") }
        switch peek() {
        case UInt8(ascii: "{"):
            try object { (scanner, _) throws(WeightsError) in try scanner.skipValue(depth: depth + 1) }
        case UInt8(ascii: "["):
            try array { (scanner) throws(WeightsError) in try scanner.skipValue(depth: depth + 1) }
        case UInt8(ascii: "\""): _ = try string()
        default: try skipNumberOrWord()
        }
        return depth == 0 ? String(decoding: bytes[start..<position], as: UTF8.self) : ""
    }

    /// Whether a string comes next.
    mutating func isAtString() -> Bool {
        skipSpace()
        return peek() == UInt8(ascii: "\"")
    }

    /// Checks that nothing but white space is left.
    mutating func end() throws(WeightsError) {
        skipSpace()
        guard position == bytes.count else { throw failure("text follows the value") }
    }

    func failure(_ reason: String) -> WeightsError {
        WeightsError(malformed, file: file, "malformed JSON at byte \(position) of it: \(reason)")
    }

    private mutating func skipNumberOrWord() throws(WeightsError) {
        let start = position
        while let byte = peek(), byte > 0x20, !",:]}".utf8.contains(byte) { position += 1 }
        let text = String(decoding: bytes[start..<min(position, start + 400)], as: UTF8.self)
        let isNumber = text.wholeMatch(of: /-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?/) != nil
        guard isNumber || ["true", "false", "null"].contains(text) else {
            throw failure("expected a value, found \(quoted(text.prefix(20)))")
        }
    }

    private func peek() -> UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = peek(), byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private mutating func accept(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard peek() == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ character: Unicode.Scalar) throws(WeightsError) {
        guard accept(character) else {
            let found = peek().map { "byte 0x\(String($0, radix: 16))" } ?? "the end"
            throw failure("expected '\(character)', found \(found)")
        }
    }
}
