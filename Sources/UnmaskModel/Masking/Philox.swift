/// Philox4x32-10, a counter-based random generator (Salmon et al. 2011): each block of four words is a pure function
/// of the key and the block's number, so the same seed gives the same words on every machine and in every language.
struct Philox {
    private let key: (UInt32, UInt32)

    init(seed: UInt64) {
        key = (UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
    }

    /// The four words of a block.
    func block(_ counter: SIMD4<UInt32>) -> SIMD4<UInt32> {
        var c = counter
        var (k0, k1) = key
        for _ in 0..<10 {
            let first = UInt64(0xD251_1F53) * UInt64(c[0])
            let second = UInt64(0xCD9E_8D57) * UInt64(c[2])
            c = SIMD4(
                UInt32(truncatingIfNeeded: second >> 32) ^ c[1] ^ k0, UInt32(truncatingIfNeeded: second),
                UInt32(truncatingIfNeeded: first >> 32) ^ c[3] ^ k1, UInt32(truncatingIfNeeded: first))
            k0 &+= 0x9E37_79B9
            k1 &+= 0xBB67_AE85
        }
        return c
    }

    /// `count` numbers in [0, 1): the words of blocks 0, 1, 2… in order, each shifted right by 8 and divided by 2²⁴, so
    /// that every number is exact in float32.
    func uniform(_ count: Int) -> [Float] {
        (0..<count).map { index in
            let word = block(SIMD4(UInt32(truncatingIfNeeded: index / 4), 0, 0, 0))[index % 4]
            return Float(word >> 8) * 0x1p-24
        }
    }
}
