/// A rotation that spreads what a vector has in some of its numbers over all of them, so that their signs say most about it: four
/// rounds of changing signs by chance and a Hadamard transform (Ailon and Chazelle 2009, "The fast Johnson–Lindenstrauss
/// transform"). It is the same for all vectors of a width: its signs are SplitMix64's bits, from a fixed seed.
///
/// A transform takes a power of two numbers: the largest that the width has, the first of them and the last of them in turn.
struct RandomRotation: Sendable {
    let width: Int
    private let block: Int
    private let scale: Float
    /// [rounds, width], each -1 or 1.
    private let signs: [Float]
    private static let rounds = 4
    private static let seed: UInt64 = 0x756e_6d61_736b

    init(width: Int) {
        self.width = width
        block = 1 << (Int.bitWidth - 1 - width.leadingZeroBitCount)
        scale = Float(1 / Double(block).squareRoot())
        var random = SeededRandom(seed: Self.seed)
        var (signs, bits) = ([Float](repeating: 1, count: Self.rounds * width), UInt64(0))
        for place in signs.indices {
            if place.isMultiple(of: 64) { bits = random.next() }
            if bits >> UInt64(place % 64) & 1 == 0 { signs[place] = -1 }
        }
        self.signs = signs
    }

    /// Turns `width` numbers in place. Sums and differences alone, in a fixed order: the same bits on every processor.
    func turn(_ numbers: UnsafeMutablePointer<Float>) {
        signs.withUnsafeBufferPointer { signs in
            for round in 0..<Self.rounds {
                let start = round.isMultiple(of: 2) ? 0 : width - block
                for place in 0..<width { numbers[place] *= signs[round * width + place] }
                transform(numbers + start)
                for place in 0..<block { numbers[start + place] *= scale }
            }
        }
    }

    func turned(_ vector: [Float]) -> [Float] {
        var vector = vector
        vector.withUnsafeMutableBufferPointer { numbers in
            if let start = numbers.baseAddress { turn(start) }
        }
        return vector
    }

    private func transform(_ numbers: UnsafeMutablePointer<Float>) {
        var half = 1
        while half < block {
            var start = 0
            while start < block {
                let (low, high) = (numbers + start, numbers + start + half)
                var place = 0
                while place < half {
                    let (one, other) = (low[place], high[place])
                    low[place] = one + other
                    high[place] = one - other
                    place &+= 1
                }
                start += 2 * half
            }
            half *= 2
        }
    }
}
