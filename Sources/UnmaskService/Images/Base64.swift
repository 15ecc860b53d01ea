import Foundation
import UnmaskImage

/// Base64 as clients write it: RFC 4648's alphabet or its URL-safe one, padded or not, in lines (MIME) or not.
///
/// What could mean two things is refused: both alphabets in one text, padding that does not fill the last four
/// characters, one character alone in them, and white space other than line breaks, since forms make a space of `+`.
enum Base64 {
    /// - Throws: `image_decode_failed`, and `image_too_large` before anything is decoded.
    static func decode(_ text: String, _ limits: ImageLimits) throws(ServiceError) -> [UInt8] {
        let canonical = try canonical(text, limits)
        guard let data = Data(base64Encoded: canonical) else { throw failure("it cannot be read") }
        return Array(data)
    }

    /// The same in RFC 4648's alphabet, padded and without line breaks.
    private static func canonical(_ text: String, _ limits: ImageLimits) throws(ServiceError) -> Data {
        var characters = Data(capacity: text.utf8.count + 2)
        var (isStandard, isURLSafe, padding) = (false, false, 0)
        for byte in text.utf8 {
            let character: UInt8
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                character = byte
            case UInt8(ascii: "+"), UInt8(ascii: "/"): (character, isStandard) = (byte, true)
            case UInt8(ascii: "-"): (character, isURLSafe) = (UInt8(ascii: "+"), true)
            case UInt8(ascii: "_"): (character, isURLSafe) = (UInt8(ascii: "/"), true)
            case UInt8(ascii: "\r"), UInt8(ascii: "\n"): continue
            case UInt8(ascii: "="):
                padding += 1
                continue
            default: throw failure("it has the byte 0x" + String(byte, radix: 16))
            }
            guard padding == 0 else { throw failure("padding stands before its end") }
            characters.append(character)
        }
        guard !(isStandard && isURLSafe) else { throw failure("it mixes + or / with - or _") }
        let rest = characters.count % 4
        guard rest != 1 else { throw failure("one character is left over: it was cut short") }
        let missing = (4 - rest) % 4
        guard padding == 0 || padding == missing else {
            throw failure("it ends with \(padding) of \"=\", and \(missing) fill the last four characters")
        }
        try limits.check(characters.count * 3 / 4)
        characters.append(contentsOf: repeatElement(UInt8(ascii: "="), count: missing))
        return characters
    }

    private static func failure(_ reason: String) -> ServiceError {
        ServiceError(
            .imageDecodeFailed,
            "base64 is not valid: \(reason). It is RFC 4648's, in one of its two alphabets, padded or not, with or "
                + "without line breaks")
    }
}
