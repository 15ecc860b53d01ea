/// A strict reader (RFC 8259) of one JSON object whose members are null, true, false, numbers and strings. What is nested is
/// passed over, and named.
struct FlatJSON {
    private static let mostDepth = 32
    /// What stands for one byte.
    private static let escapes: [UInt8: UInt8] = [
        UInt8(ascii: "\""): 0x22, UInt8(ascii: "\\"): 0x5C, UInt8(ascii: "/"): 0x2F, UInt8(ascii: "b"): 0x08,
        UInt8(ascii: "f"): 0x0C, UInt8(ascii: "n"): 0x0A, UInt8(ascii: "r"): 0x0D, UInt8(ascii: "t"): 0x09,
    ]
    private let bytes: [UInt8]
    private var place = 0

    static func read(
        _ bytes: [UInt8]
    ) throws(MetadataProblem) -> (members: [(name: String, value: MetadataValue)], nested: [String]) {
        var reader = FlatJSON(bytes: bytes)
        return try reader.object()
    }

    /// One value that is not nested, with nothing around it but spaces.
    static func value(_ text: String) throws(MetadataProblem) -> MetadataValue? {
        var reader = FlatJSON(bytes: Array(text.utf8))
        reader.skipSpace()
        let value = try reader.value(depth: 0)
        try reader.end()
        return value
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private var current: UInt8? { place < bytes.count ? bytes[place] : nil }

    private func problem(_ text: String) -> MetadataProblem { MetadataProblem("byte \(place): \(text)") }

    private mutating func object() throws(MetadataProblem) -> (
        members: [(name: String, value: MetadataValue)], nested: [String]
    ) {
        var members: [(name: String, value: MetadataValue)] = []
        var nested: [String] = []
        skipSpace()
        guard take("{") else { throw problem("expected a JSON object, { with members }") }
        skipSpace()
        if !take("}") {
            repeat {
                skipSpace()
                let name = try string()
                skipSpace()
                guard take(":") else { throw problem("expected : behind a name") }
                skipSpace()
                if let value = try value(depth: 0) { members.append((name, value)) } else { nested.append(name) }
                skipSpace()
            } while take(",")
            guard take("}") else { throw problem("expected , or } behind a member") }
        }
        try end()
        return (members, nested)
    }

    private mutating func end() throws(MetadataProblem) {
        skipSpace()
        guard place == bytes.count else { throw problem("unexpected text behind the value") }
    }

    /// Nil of what is nested, which is passed.
    private mutating func value(depth: Int) throws(MetadataProblem) -> MetadataValue? {
        guard depth < Self.mostDepth else { throw problem("nested deeper than \(Self.mostDepth) levels") }
        switch current {
        case UInt8(ascii: "\""): return .text(try string())
        case UInt8(ascii: "{"):
            try skip(depth, "}") { (reader) throws(MetadataProblem) in
                _ = try reader.string()
                reader.skipSpace()
                guard reader.take(":") else { throw reader.problem("expected : behind a name") }
                reader.skipSpace()
            }
            return nil
        case UInt8(ascii: "["):
            try skip(depth, "]") { _ in }
            return nil
        case UInt8(ascii: "-"), (UInt8(ascii: "0")...UInt8(ascii: "9"))?: return try number()
        default:
            if take("null") { return .null }
            if take("true") { return .flag(true) }
            if take("false") { return .flag(false) }
            throw problem("expected a value")
        }
    }

    /// Passes an object or an array, `name` reading what stands before each value.
    private mutating func skip(
        _ depth: Int, _ close: StaticString, _ name: (inout FlatJSON) throws(MetadataProblem) -> Void
    ) throws(MetadataProblem) {
        place += 1
        skipSpace()
        if take(close) { return }
        repeat {
            skipSpace()
            try name(&self)
            _ = try value(depth: depth + 1)
            skipSpace()
        } while take(",")
        guard take(close) else { throw problem("expected , or \(close)") }
    }

    private mutating func number() throws(MetadataProblem) -> MetadataValue {
        let start = place
        _ = take("-")
        if !take("0") { try digits() }
        if take(".") { try digits() }
        if take("e") || take("E") {
            if !take("-") { _ = take("+") }
            try digits()
        }
        let text = String(decoding: bytes[start..<place], as: UTF8.self)
        guard let value = MetadataValue(number: text) else {
            throw problem("\(text.prefix(40)) is larger than a number that is kept exactly: write it as a string")
        }
        return value
    }

    private mutating func digits() throws(MetadataProblem) {
        let start = place
        while let byte = current, 48...57 ~= byte { place += 1 }
        guard place > start else { throw problem("expected a digit") }
    }

    private mutating func string() throws(MetadataProblem) -> String {
        guard take("\"") else { throw problem("expected a string") }
        var units: [UInt8] = []
        while let byte = current {
            place += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: units, as: UTF8.self) else {
                    throw problem("a string that is not UTF-8")
                }
                return text
            case UInt8(ascii: "\\"): try escape(&units)
            case 0..<0x20: throw problem("a control character in a string: write it as an escape")
            default: units.append(byte)
            }
        }
        throw problem("the text ends inside a string")
    }

    private mutating func escape(_ units: inout [UInt8]) throws(MetadataProblem) {
        if let byte = current, let unit = Self.escapes[byte] {
            place += 1
            return units.append(unit)
        }
        guard take("u") else { throw problem("an unknown escape in a string") }
        let first = try hexadecimal()
        if let scalar = Unicode.Scalar(first) { return units += Array(String(Character(scalar)).utf8) }
        guard (0xD800..<0xDC00).contains(first), take("\\u"), case let second = try hexadecimal(),
            (0xDC00..<0xE000).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw problem("half of a surrogate pair") }
        units += Array(String(Character(scalar)).utf8)
    }

    private mutating func hexadecimal() throws(MetadataProblem) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = current, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw problem("expected four hexadecimal digits behind \\u")
            }
            value = value << 4 | UInt32(digit)
            place += 1
        }
        return value
    }

    private mutating func skipSpace() {
        while let byte = current, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { place += 1 }
    }

    private mutating func take(_ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard bytes.count - place >= count else { return false }
        for index in 0..<count where bytes[place + index] != text.utf8Start[index] { return false }
        place += count
        return true
    }
}
