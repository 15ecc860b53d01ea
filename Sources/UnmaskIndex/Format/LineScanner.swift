/// Reads a line whose shape is known, piece by piece.
struct LineScanner {
    private var rest: UnsafeRawBufferPointer

    init(_ line: UnsafeRawBufferPointer) { rest = line }

    var isAtEnd: Bool { rest.isEmpty }

    /// Of the bytes that are left.
    var count: Int { rest.count }

    /// Whether the text comes next; it is passed then.
    mutating func takes(_ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard rest.count >= count else { return false }
        for index in 0..<count where rest[index] != text.utf8Start[index] { return false }
        drop(count)
        return true
    }

    /// A whole number without a sign and without leading zeros; nil too where it is larger than an Int.
    mutating func number() -> Int? {
        var value = 0
        var count = 0
        while count < rest.count, case let digit = rest[count], 48...57 ~= digit {
            let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tens.addingReportingOverflow(Int(digit - 48))
            guard !overflow, !carry else { return nil }
            value = sum
            count += 1
        }
        guard count > 0, count == 1 || rest[0] != 48 else { return nil }
        drop(count)
        return value
    }

    /// The next `count` bytes, or fewer where there are no more.
    mutating func bytes(_ count: Int) -> UnsafeRawBufferPointer {
        let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(count))
        drop(piece.count)
        return piece
    }

    /// A JSON string up to its closing quotation mark, which is passed; nil where it is not as `escapedJSON` writes it.
    mutating func string() -> String? {
        var units: [UInt8] = []
        while let byte = rest.first {
            drop(1)
            switch byte {
            case UInt8(ascii: "\""): return String(validating: units, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let unit = escape() else { return nil }
                units.append(unit)
            case 0..<0x20: return nil
            default: units.append(byte)
            }
        }
        return nil
    }

    private mutating func escape() -> UInt8? {
        if takes("\"") { return UInt8(ascii: "\"") }
        if takes("\\") { return UInt8(ascii: "\\") }
        guard takes("u00") else { return nil }
        let digits = bytes(2)
        guard digits.count == 2, let unit = UInt8(String(decoding: digits, as: UTF8.self), radix: 16), unit < 0x20
        else {
            return nil
        }
        return unit
    }

    private mutating func drop(_ count: Int) { rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count)) }
}

/// The inside of a JSON string.
func escapedJSON(_ text: String) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": escaped += "\\\""
        case "\\": escaped += "\\\\"
        case "\0"..."\u{1F}": escaped += "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
        default: escaped.unicodeScalars.append(scalar)
        }
    }
    return escaped
}
