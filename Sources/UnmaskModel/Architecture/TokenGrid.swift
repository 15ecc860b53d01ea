internal import UnmaskGraph

/// A grid of tokens that stand row by row, and orders in which they can be taken.
struct TokenGrid {
    /// Rows and columns.
    let sides: [Int]

    init(_ sides: [Int]) { self.sides = sides }

    var count: Int { sides[0] * sides[1] }

    /// Square blocks one behind another, each row by row.
    func blocks(_ side: Int) -> [Int] {
        var order: [Int] = []
        order.reserveCapacity(count)
        for row in 0..<sides[0] / side {
            for column in 0..<sides[1] / side {
                for place in 0..<side * side {
                    order.append((row * side + place / side) * sides[1] + column * side + place % side)
                }
            }
        }
        return order
    }

    /// Square units one behind another, each nested: quarters one behind another, in each of them its quarters, down to the
    /// tokens. Four that follow one another are neighbours, and sixteen, and a unit.
    func nested(_ unit: Int) -> [Int] {
        var order: [Int] = []
        order.reserveCapacity(count)
        func add(_ row: Int, _ column: Int, _ side: Int) {
            guard side > 1 else { return order.append(row * sides[1] + column) }
            let half = side / 2
            for quarter in 0..<4 { add(row + quarter / 2 * half, column + quarter % 2 * half, half) }
        }
        for row in 0..<sides[0] / unit {
            for column in 0..<sides[1] / unit { add(row * unit, column * unit, unit) }
        }
        return order
    }

    /// The neighbours of each of some tokens, row by row, -1 for those beyond the edge.
    func neighbours(_ reach: ClosedRange<Int>, of tokens: [Int]) -> [Int] {
        tokens.flatMap { token in
            reach.flatMap { down in
                reach.map { right in
                    let (row, column) = (token / sides[1] + down, token % sides[1] + right)
                    let isInside = (0..<sides[0]).contains(row) && (0..<sides[1]).contains(column)
                    return isInside ? row * sides[1] + column : -1
                }
            }
        }
    }
}

extension LayerBuilder {
    /// Each image's tokens in another order, -1 a row of zeros: [B, T, D] → [B · p, S / n / p, n·D].
    /// - Parameters:
    ///   - per: n, how many stand side by side in a row of the result.
    ///   - parts: p, into how many pieces of equal size each image is cut.
    mutating func gather(
        _ x: ValueID, _ order: [Int], per: Int = 1, parts: Int = 1, _ name: String
    ) -> ValueID {
        let shape: Shape = [
            .symbol(ModelGraph.batch, times: parts, plus: 0), .fixed(order.count / max(per * parts, 1)),
            .fixed(per * width(x)),
        ]
        return graph.add(.gatherTokens, named: name, [x, places(order, "\(name), order")], shape: shape)
    }

    /// A convolution of tokens of s·s·C numbers each, squares of pixels: at each of some, [B · p, S / p, D].
    ///
    /// Its kernel, grown by zeros to whole tokens, covers some neighbours.
    mutating func convolution(
        _ x: ValueID, _ name: String, _ shape: TokenConvolution, at tokens: [Int], in grid: TokenGrid, to D: Int,
        parts: Int = 1, bias: Bool = true
    ) throws(ModelError) -> ValueID {
        let covered = gather(
            x, grid.neighbours(shape.reach, of: tokens), per: shape.reach.count * shape.reach.count, parts: parts,
            "\(name).neighbours")
        return try convolution(covering: covered, name, shape, to: D, bias: bias)
    }

    /// The same, of the tokens that the kernel covers side by side.
    mutating func convolution(
        covering covered: ValueID, _ name: String, _ shape: TokenConvolution, to D: Int, bias: Bool = true
    ) throws(ModelError) -> ValueID {
        let (K, S, side) = (shape.kernel, shape.stride, shape.reach.count)
        let C = width(covered) / (S * S * side * side)
        let source = (name: "\(name).weight", shape: [D, C, K, K])
        let weight = try derived(source.name, [D, side * side * S * S * C], from: [source]) { numbers in
            var rows = [Float](repeating: 0, count: D * side * side * S * S * C)
            for d in 0..<D {
                for y in 0..<K {
                    for x in 0..<K {
                        let (down, right) = (y + shape.offset, x + shape.offset)
                        let token = down / S * side + right / S
                        let pixel = (token * S + down % S) * S + right % S
                        for c in 0..<C {
                            rows[(d * side * side * S * S + pixel) * C + c] = numbers[0][((d * C + c) * K + y) * K + x]
                        }
                    }
                }
            }
            return rows
        }
        return try linear(covered, name, to: D, bias: bias, weight: weight)
    }
}

/// How a convolution's kernel lies over tokens that are squares of its stride.
struct TokenConvolution {
    let kernel: Int
    let stride: Int
    /// Zeros around the image.
    let padding: Int

    /// The tokens along each side that the kernel covers, counted from its own.
    var reach: ClosedRange<Int> {
        let first = -((padding + stride - 1) / stride)
        return first...max(first, Int((Double(kernel - 1 - padding) / Double(stride)).rounded(.down)))
    }

    /// Pixels of the first of them that it does not cover.
    var offset: Int { -reach.lowerBound * stride - padding }
}
