/// Adam (Kingma & Ba 2015), as PyTorch has it.
struct Adam: Sendable {
    private var first: [Float]
    private var second: [Float]
    private var steps = 0

    private static let (decay1, decay2, epsilon) = (0.9, 0.999, Float(1e-8))

    init(count: Int) {
        first = Array(repeating: 0, count: count)
        second = Array(repeating: 0, count: count)
    }

    mutating func step(_ parameters: inout [Float], _ gradient: [Float], rate: Double) {
        steps += 1
        let (left1, left2) = (1 - Self.power(Self.decay1, steps), 1 - Self.power(Self.decay2, steps))
        let (length, root) = (Float(rate / left1), Float(left2.squareRoot()))
        let (new1, old2, new2) = (Float(1 - Self.decay1), Float(Self.decay2), Float(1 - Self.decay2))
        for index in parameters.indices {
            let slope = gradient[index]
            first[index] += new1 * (slope - first[index])
            second[index] = old2 * second[index] + new2 * slope * slope
            parameters[index] -= length * first[index] / (second[index].squareRoot() / root + Self.epsilon)
        }
    }

    private static func power(_ base: Double, _ exponent: Int) -> Double {
        var (result, factor, rest) = (1.0, base, exponent)
        while rest > 0 {
            if rest & 1 == 1 { result *= factor }
            factor *= factor
            rest >>= 1
        }
        return result
    }
}
