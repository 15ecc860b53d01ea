/// What the line of a reply says around its result: which call it answers, which frames follow, and where its result or
/// its error stands. One pass over the bytes; what is inside of the members is not looked at.
package struct ReplyLine: Sendable, Equatable {
    /// Nil where the id is none that this client gives out, such as null: the server could not read a request.
    package var id: Int?
    package var frameLengths: [Int] = []
    /// The bytes of `result`, counted from the line's beginning.
    package var result: Range<Int>?
    package var error: Range<Int>?

    /// - Throws: `ServiceClientError.malformedReply` where the line is no JSON object of a reply.
    package init(_ line: UnsafeRawBufferPointer) throws(ServiceClientError) {
        var scanner = MemberScanner(bytes: line)
        while let (name, value) = try scanner.next() {
            switch line[name] {
            case "id": id = Self.integer(line[value])
            case "bytes": frameLengths = try Self.lengths(line[value])
            case "result": result = value
            case "error": error = value
            default: break
            }
        }
        guard result != nil || error != nil else {
            throw .malformedReply("a line has neither a result nor an error")
        }
    }

    private static func integer(_ text: Slice<UnsafeRawBufferPointer>) -> Int? {
        Int(String(decoding: text, as: UTF8.self))
    }

    private static func lengths(_ text: Slice<UnsafeRawBufferPointer>) throws(ServiceClientError) -> [Int] {
        let isList = text.first == UInt8(ascii: "[") && text.last == UInt8(ascii: "]")
        let lengths = text.dropFirst().dropLast().split(separator: UInt8(ascii: ",")).map { integer($0) }
        let known = lengths.compactMap(\.self).filter { $0 >= 0 }
        guard isList, known.count == lengths.count else {
            throw .malformedReply("bytes is no list of lengths: \(String(decoding: text, as: UTF8.self))")
        }
        return known
    }
}

private func ~= (name: StaticString, bytes: Slice<UnsafeRawBufferPointer>) -> Bool {
    bytes.elementsEqual(UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
}

/// Steps through the members of one JSON object.
private struct MemberScanner {
    let bytes: UnsafeRawBufferPointer
    private var position = 0
    private var isDone = false

    init(bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    /// The next member: its name, without quotes, and its value.
    mutating func next() throws(ServiceClientError) -> (name: Range<Int>, value: Range<Int>)? {
        guard !isDone else { return nil }
        if position == 0 {
            skipSpace()
            try expect("{")
        }
        skipSpace()
        guard current == UInt8(ascii: "\"") else { throw failure("a member's name") }
        let start = position
        try skipString()
        let name = start + 1..<position - 1
        skipSpace()
        try expect(":")
        skipSpace()
        let value = try skipValue()
        skipSpace()
        isDone = current == UInt8(ascii: "}")
        if !isDone { try expect(",") }
        return (name, value)
    }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = current, byte == 0x20 || byte == 0x09 || byte == 0x0D { position += 1 }
    }

    private mutating func expect(_ character: Unicode.Scalar) throws(ServiceClientError) {
        guard current == UInt8(ascii: character) else { throw failure("\(character)") }
        position += 1
    }

    private mutating func skipString() throws(ServiceClientError) {
        position += 1
        while let byte = current {
            position += byte == UInt8(ascii: "\\") ? 2 : 1
            if byte == UInt8(ascii: "\"") { return }
        }
        throw failure("the end of a string")
    }

    private mutating func skipValue() throws(ServiceClientError) -> Range<Int> {
        let start = position
        var depth = 0
        while let byte = current {
            switch byte {
            case UInt8(ascii: "\""):
                try skipString()
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if depth == 0 { return trimmed(start..<position) }
                depth -= 1
            case UInt8(ascii: ",") where depth == 0:
                return trimmed(start..<position)
            default:
                break
            }
            position += 1
        }
        throw failure("the end of the object")
    }

    /// Without the white space at its end.
    private func trimmed(_ range: Range<Int>) -> Range<Int> {
        var end = range.upperBound
        while end > range.lowerBound, bytes[end - 1] <= 0x20 { end -= 1 }
        return range.lowerBound..<end
    }

    private func failure(_ expected: String) -> ServiceClientError {
        .malformedReply("expected \(expected) at byte \(position) of a line of \(bytes.count)")
    }
}
