/// Choices that the fuzzer's bytes make; when they are used up, the first choice each time.
public struct ByteSource {
    private var rest: UnsafeBufferPointer<UInt8>.SubSequence

    public init(_ bytes: UnsafePointer<UInt8>?, _ count: Int) {
        rest = UnsafeBufferPointer(start: bytes, count: count)[...]
    }

    public var isEmpty: Bool { rest.isEmpty }

    public mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }

    public mutating func flag() -> Bool { byte() & 1 != 0 }

    public mutating func below(_ limit: Int) -> Int { limit > 0 ? Int(byte()) % limit : 0 }

    public mutating func pick<T>(_ choices: [T]) -> T { choices[below(choices.count)] }

    /// Mostly small; sometimes where arithmetic ends.
    public mutating func number() -> Int {
        let kind = byte()
        if kind < 200 { return Int(kind % 20) - 6 }
        return pick([
            Int.max, Int.min, Int.max - 1, Int.min + 1, 1 << 62, -(1 << 62), 1 << 46, 1 << 40, 1 << 32, 1 << 31,
            (1 << 31) - 1, -(1 << 31), 1 << 30, 1 << 20, 4097, 4096, 255, 64,
        ])
    }

    public mutating func numbers(_ count: Int) -> [Int] { (0..<count).map { _ in number() } }

    /// Mostly small; sometimes not finite.
    public mutating func float() -> Float {
        let kind = byte()
        if kind < 200 { return (Float(kind) - 100) / 16 }
        return pick([
            .infinity, -.infinity, .nan, 0, -0.0, .greatestFiniteMagnitude, .leastNonzeroMagnitude, 1e9, 0.001,
        ])
    }
}
