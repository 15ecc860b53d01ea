import CUnmaskKernels
import Testing

/// Estimates by signs: the sums are those of whole numbers on every instruction set, and with the count of bits that some
/// processors have an instruction for.
@Suite struct BitsTests {
    static var features: [unmask_features] {
        let counting = unmask_features(UNMASK_FEATURE_AVX512_VPOPCNTDQ)
        let sets = ISA.available.map(\.features) + [ISA.avx512.features | counting]
        return sets.filter { unmask_features_are_usable($0) }
    }

    @Test(
        "sums are those of whole numbers", arguments: features,
        [1, 3, 63, 64, 65, 127, 192, 255, 256, 257, 448, 512, 513, 768, 1100])
    func exact(features: unmask_features, width: Int) throws {
        let engine = try Engine(features: features)
        let words = (width + 63) / 64
        for counts in [[1], [7, 3], [1500, 1024, 2]] {
            var random = Random(UInt64(width * counts[0]))
            /// Words with nothing behind the last number; all ones and zeros among them.
            func made(_ rows: Int) -> GuardedBuffer<UInt64> {
                GuardedBuffer(
                    (0..<rows * words).map { place in
                        let bits = place % 7 == 0 ? .max : place % 7 == 1 ? 0 : random.bits()
                        let isLast = place % words == words - 1 && !width.isMultiple(of: 64)
                        return isLast ? bits & (1 << UInt64(width % 64) - 1) : bits
                    })
            }
            func numbers(_ rows: Int, _ value: (Int) -> Float) -> GuardedBuffer<Float> {
                GuardedBuffer((0..<rows).map(value))
            }
            let (bits, planes) = (counts.map(made), counts.map { _ in made(4) })
            let factors = counts.map { numbers($0) { Float($0 % 5) - 2 } }
            let offsets = counts.map { numbers($0) { Float($0 % 3) } }
            let estimates = counts.map { GuardedBuffer<Float>(count: $0) }
            let parts = counts.indices.map { part in
                unmask_bit_rows(
                    rows: counts[part], bits: bits[part].base, factors: factors[part].base, offsets: offsets[part].base,
                    planes: planes[part].base, base: Float(part), unit: 0.5, estimates: estimates[part].base)
            }
            withExtendedLifetime((factors, offsets)) {
                unmask_b1_estimate(engine.handle, width, parts.count, parts)
            }
            for part in counts.indices {
                // Of many rows some, the last among them: each is summed bit by bit.
                for row in stride(from: counts[part] - 1, through: 0, by: counts[part] > 10 ? 97 : 1) {
                    func sign(_ words: UnsafePointer<UInt64>, _ place: Int) -> Int {
                        words[place / 64] >> UInt64(place % 64) & 1 == 1 ? 1 : -1
                    }
                    let product = (0..<width).reduce(0) { sum, place in
                        let number = (0..<4).reduce(0) { $0 + sign(planes[part].base + $1 * words, place) << $1 }
                        return sum + sign(bits[part].base + row * words, place) * number
                    }
                    let expected = Float(part) + Float(row % 3) + (Float(row % 5) - 2) * 0.5 * Float(product)
                    #expect(estimates[part].base[row] == expected)
                }
            }
        }
    }
}
