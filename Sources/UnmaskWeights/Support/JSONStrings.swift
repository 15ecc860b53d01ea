/// The text of a JSON string's inside, escapes resolved; nil where an escape or the UTF-8 is invalid.
func unescapedJSON(_ raw: Slice<UnsafeRawBufferPointer>) -> String? {
    var units: [UInt8] = []
    units.reserveCapacity(raw.count)
    var rest = raw[...]
    while let byte = rest.popFirst() {
        guard byte == UInt8(ascii: "\\") else {
            units.append(byte)
            continue
        }
        switch rest.popFirst() {
        case UInt8(ascii: "\""): units.append(UInt8(ascii: "\""))
        case UInt8(ascii: "\\"): units.append(UInt8(ascii: "\\"))
        case UInt8(ascii: "/"): units.append(UInt8(ascii: "/"))
        case UInt8(ascii: "b"): units.append(0x08)
        case UInt8(ascii: "f"): units.append(0x0C)
        case UInt8(ascii: "n"): units.append(0x0A)
        case UInt8(ascii: "r"): units.append(0x0D)
        case UInt8(ascii: "t"): units.append(0x09)
        case UInt8(ascii: "u"):
            guard let scalar = unicodeEscape(&rest) else { return nil }
            units.append(contentsOf: String(scalar).utf8)
        default: return nil
        }
    }
    return String(validating: units, as: UTF8.self)
}

/// Reads what follows `\u`: four hexadecimal digits, or a surrogate pair of them.
private func unicodeEscape(_ rest: inout Slice<UnsafeRawBufferPointer>) -> Unicode.Scalar? {
    guard let first = hexadecimalUnit(&rest) else { return nil }
    guard 0xD800..<0xDC00 ~= first else { return Unicode.Scalar(first) }
    guard rest.popFirst() == UInt8(ascii: "\\"), rest.popFirst() == UInt8(ascii: "u"),
        let second = hexadecimalUnit(&rest), 0xDC00..<0xE000 ~= second
    else { return nil }
    return Unicode.Scalar(0x10000 + (UInt32(first - 0xD800) << 10) + UInt32(second - 0xDC00))
}

private func hexadecimalUnit(_ rest: inout Slice<UnsafeRawBufferPointer>) -> UInt16? {
    let digits = rest.prefix(4)
    guard digits.count == 4, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit && $0 < 0x80 }) else {
        return nil
    }
    rest = rest.dropFirst(4)
    return UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
}

/// `text` as a JSON string, quotes included.
func escapedJSON(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": result += "\\\""
        case "\\": result += "\\\\"
        case "\u{0}"..<" ":
            let digits = String(scalar.value, radix: 16)
            result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result + "\""
}
