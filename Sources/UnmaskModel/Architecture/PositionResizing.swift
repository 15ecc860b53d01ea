/// Stretches learned position embeddings to another grid of patches, as PyTorch's bicubic `interpolate` with
/// `align_corners=False` does (Keys 1981, a = -0.75), or with antialiasing (a = -0.5 and a support that grows with
/// the shrinking).
enum PositionResizing {
    /// - Parameters:
    ///   - positions: [prefix + rows · columns, width]; those of the prefix are kept as they are.
    ///   - from: rows and columns of the trained grid.
    ///   - to: rows and columns wanted.
    static func resize(
        _ positions: [Float], prefix: Int, width: Int, from: [Int], to: [Int], interpolation: PositionInterpolation
    ) -> [Float] {
        let rows = Axis(from: from[0], to: to[0], antialias: interpolation == .timm)
        let columns = Axis(from: from[1], to: to[1], antialias: interpolation == .timm)
        var result = Array(positions[..<(prefix * width)])
        result.reserveCapacity((prefix + to[0] * to[1]) * width)
        let grid = positions[(prefix * width)...]
        // Columns first, then rows: [from rows, to columns, width].
        var wide = [Float](repeating: 0, count: from[0] * to[1] * width)
        for row in 0..<from[0] {
            for (column, taps) in columns.taps.enumerated() {
                for (source, weight) in taps {
                    let start = grid.startIndex + (row * from[1] + source) * width
                    for i in 0..<width { wide[(row * to[1] + column) * width + i] += weight * grid[start + i] }
                }
            }
        }
        for taps in rows.taps {
            var line = [Float](repeating: 0, count: to[1] * width)
            for (source, weight) in taps {
                for i in 0..<line.count { line[i] += weight * wide[source * to[1] * width + i] }
            }
            result += line
        }
        return result
    }

    /// Rows [n, width] as so many, as PyTorch's linear `interpolate` with `align_corners=False` makes them.
    static func stretch(_ rows: [Float], width: Int, to count: Int) -> [Float] {
        let from = rows.count / max(width, 1)
        var result: [Float] = []
        result.reserveCapacity(count * width)
        for place in 0..<count {
            let centre = max(0, (Double(place) + 0.5) * Double(from) / Double(count) - 0.5)
            let first = min(Int(centre), from - 1)
            let (second, weight) = (min(first + 1, from - 1), Float(centre - Double(first)))
            for i in 0..<width {
                result.append((1 - weight) * rows[first * width + i] + weight * rows[second * width + i])
            }
        }
        return result
    }

    /// What each place of the new axis takes from the old one.
    private struct Axis {
        let taps: [[(source: Int, weight: Float)]]

        init(from: Int, to: Int, antialias: Bool) {
            let scale = Double(from) / Double(to)
            taps = (0..<to).map { place in
                antialias
                    ? Axis.antialiased(place: place, from: from, scale: scale)
                    : Axis.plain(place: place, from: from, scale: scale)
            }
        }

        /// Four taps around the place; those beyond the edge take the edge's value.
        private static func plain(place: Int, from: Int, scale: Double) -> [(source: Int, weight: Float)] {
            let centre = (Double(place) + 0.5) * scale - 0.5
            let first = Int(centre.rounded(.down)) - 1
            return (first..<first + 4).map { source in
                (min(max(source, 0), from - 1), Float(cubic(centre - Double(source), a: -0.75)))
            }
        }

        /// All places within the support, clipped at the edges and weighted to sum 1.
        private static func antialiased(place: Int, from: Int, scale: Double) -> [(source: Int, weight: Float)] {
            let stretch = max(scale, 1)
            let support = 2 * stretch
            let centre = (Double(place) + 0.5) * scale
            let first = max(Int(centre - support + 0.5), 0)
            let end = min(Int(centre + support + 0.5), from)
            let weights = (first..<end).map { cubic((Double($0) - centre + 0.5) / stretch, a: -0.5) }
            let sum = weights.reduce(0, +)
            return zip(first..<end, weights).map { ($0, Float($1 / sum)) }
        }

        /// Keys' cubic convolution kernel.
        private static func cubic(_ distance: Double, a: Double) -> Double {
            let x = abs(distance)
            if x <= 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
            if x < 2 { return a * (((x - 5) * x + 8) * x - 4) }
            return 0
        }
    }
}
