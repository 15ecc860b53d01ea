extension RelativePositions {
    /// A table [rows, heads] of a grid as one of another grid. The three rows of the CLS token stay.
    ///
    /// transformers takes rows and columns of differences linearly, as one stretches a picture. timm (as Bao et al. 2021) puts
    /// the old differences at distances that grow geometrically up to the new ones, so that near places keep what they learned,
    /// and interpolates linearly between them.
    static func stretched(
        _ table: [Float], heads: Int, from: [Int], to: [Int], interpolation: PositionInterpolation
    ) -> [Float] {
        let (old, new) = (from.map { 2 * $0 - 1 }, to.map { 2 * $0 - 1 })
        let kept = table.count - 3 * heads
        let (down, across) =
            interpolation == .timm
            ? (geometric(from: old[0], to: new[0]), geometric(from: old[1], to: new[1]))
            : (linear(from: old[0], to: new[0]), linear(from: old[1], to: new[1]))
        var result: [Float] = []
        result.reserveCapacity((new[0] * new[1] + 3) * heads)
        for row in down {
            for column in across {
                for head in 0..<heads {
                    func at(_ i: Int, _ j: Int) -> Float { table[(i * old[1] + j) * heads + head] }
                    let upper = mix(at(row.first, column.first), at(row.first, column.second), column.weight)
                    let lower = mix(at(row.second, column.first), at(row.second, column.second), column.weight)
                    result.append(mix(upper, lower, row.weight))
                }
            }
        }
        return result + table[kept...]
    }

    private static func mix(_ a: Float, _ b: Float, _ weight: Float) -> Float { (1 - weight) * a + weight * b }

    /// Two neighbours, and how much of the second one.
    private typealias Between = (first: Int, second: Int, weight: Float)

    /// As PyTorch's linear `interpolate` with `align_corners=False`.
    private static func linear(from: Int, to: Int) -> [Between] {
        (0..<to).map { place in
            let centre = max(0, (Double(place) + 0.5) * Double(from) / Double(to) - 0.5)
            let first = min(Int(centre), from - 1)
            return (first, min(first + 1, from - 1), Float(centre - Double(first)))
        }
    }

    /// Every new difference between two old ones, which lie at 0, ±1, ±(1 + q), ±(1 + q + q²) and so on: q is the ratio, between
    /// 1.01 and 1.5, by which the last of them reaches the last new one. Beyond the outermost its own number holds.
    private static func geometric(from: Int, to: Int) -> [Between] {
        let (count, reach) = (from / 2, to / 2)
        var (low, high, ratio) = (1.01, 1.5, 1.01)
        while high - low > 1e-6 {
            ratio = (low + high) / 2
            var (sum, term) = (0.0, 1.0)
            for _ in 0..<count {
                sum += term
                term *= ratio
            }
            if sum > Double(reach) { high = ratio } else { low = ratio }
        }
        var (distances, distance, step) = ([Double](), 1.0, ratio)
        for _ in 0..<count {
            distances.append(distance)
            distance += step
            step *= ratio
        }
        let places = distances.reversed().map { -$0 } + [0] + distances
        return (-reach...reach).map { place in
            let second = places.firstIndex { $0 >= Double(place) } ?? from - 1
            let first = max(second - 1, 0)
            let gap = places[second] - places[first]
            let weight = gap > 0 ? (Double(place) - places[first]) / gap : 0
            return (first, second, Float(min(max(weight, 0), 1)))
        }
    }
}
