internal import UnmaskGraph

/// Attention within windows, relations of places, and the neck: what ViTDet and SAM have besides.
extension LayerBuilder {
    /// [B, N, D] → [B · windows, side², D].
    mutating func cut(_ x: ValueID, into side: Int, _ grid: TokenGrid, _ name: String) -> ValueID {
        gather(x, grid.windows(side), parts: grid.windowCount(side), "\(name).windows")
    }

    /// [B · windows, side², D] → [B, N, D].
    mutating func join(_ x: ValueID, from side: Int, _ grid: TokenGrid, _ name: String) -> ValueID {
        var order = Array(repeating: 0, count: grid.count)
        for (place, token) in grid.windows(side).enumerated() where token >= 0 { order[token] = place }
        return gather(x, order, "\(name).joined")
    }

    /// qkv [b, T, 3·D] of a grid's tokens → what they attend to, [b, T, heads · (d + rows + columns)], zeros behind the d
    /// numbers of each head.
    mutating func relatedAttention(
        _ qkv: ValueID, _ name: String, heads: Int, headWidth d: Int, _ grid: TokenGrid
    ) throws(ModelError) -> ValueID {
        let related = HeadGrid(heads: heads, rows: grid.sides[0], columns: grid.sides[1])
        let wide = heads * related.wide(d)
        let operands = [
            qkv, try parameter("\(name).rel_pos_h", [2 * grid.sides[0] - 1, d]),
            try parameter("\(name).rel_pos_w", [2 * grid.sides[1] - 1, d]),
        ]
        let joint = graph.add(
            .relateHeads(related), named: "\(name).relations", operands, shape: graph[qkv].shape.with(width: 3 * wide))
        let attention = SeparateAttention(
            heads: heads, scale: 1 / Float(d).squareRoot(), columns: [0, wide, 2 * wide])
        return graph.add(
            .separateAttention(attention), named: name, [joint, joint, joint],
            shape: graph[joint].shape.with(width: wide))
    }

    /// The projection's weight [D, heads · d] over heads that have so many more numbers, which are zeros.
    mutating func widenedProjection(
        _ name: String, to D: Int, heads: Int, headWidth d: Int, extra: Int
    ) throws(ModelError) -> ValueID {
        let (inner, wide) = (heads * d, d + extra)
        let source = (name: "\(name).weight", shape: [D, inner])
        return try derived("\(name).weight, widened", [D, heads * wide], from: [source]) { numbers in
            var rows = [Float](repeating: 0, count: D * heads * wide)
            for row in 0..<D {
                for column in 0..<inner {
                    rows[row * heads * wide + column / d * wide + column % d] = numbers[0][row * inner + column]
                }
            }
            return rows
        }
    }

    /// [B, N, D] → [B, N, width].
    mutating func neck(_ x: ValueID, _ neck: Neck, _ c: ModelConfiguration) throws(ModelError) -> ValueID {
        let grid = TokenGrid(c.grid)
        var y = try convolution(x, "neck.0", from: c.width, to: neck.width, kernel: 1, bias: false)
        y = try norm(y, "neck.1", epsilon: neck.epsilon)
        let square = TokenConvolution(kernel: 3, stride: 1, padding: 1)
        y = try convolution(y, "neck.2", square, at: Array(0..<grid.count), in: grid, to: neck.width, bias: false)
        return try norm(y, "neck.3", epsilon: neck.epsilon)
    }
}

extension TokenGrid {
    /// So many windows cover the grid.
    func windowCount(_ side: Int) -> Int { sides.reduce(1) { $0 * (($1 + side - 1) / side) } }

    /// Windows one behind another, each row by row; -1 beyond the edge.
    func windows(_ side: Int) -> [Int] {
        let (down, right) = ((sides[0] + side - 1) / side, (sides[1] + side - 1) / side)
        return (0..<down * right).flatMap { window in
            (0..<side * side).map { place in
                let (row, column) = (window / right * side + place / side, window % right * side + place % side)
                return row < sides[0] && column < sides[1] ? row * sides[1] + column : -1
            }
        }
    }
}
