/// SHA-256 of an image's upright pixels: what an image is, whatever file it comes in.
public struct ContentHash: Sendable, Hashable, CustomStringConvertible {
    private let words: SIMD4<UInt64>

    public init(words: SIMD4<UInt64>) { self.words = words }

    /// From 64 lower-case hexadecimal digits; nil for anything else.
    public init?(_ digits: some Sequence<UInt8>) {
        var words = SIMD4<UInt64>.zero
        var count = 0
        for digit in digits {
            let value: UInt8
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = digit - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = digit - UInt8(ascii: "a") + 10
            default: return nil
            }
            guard count < 64 else { return nil }
            words[count / 16] = words[count / 16] << 4 | UInt64(value)
            count += 1
        }
        guard count == 64 else { return nil }
        self.words = words
    }

    public var description: String { (0..<4).map { words[$0].sixteenDigits }.joined() }
}

extension UInt64 {
    /// Hexadecimal, with leading zeros.
    var sixteenDigits: String {
        let digits = String(self, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
