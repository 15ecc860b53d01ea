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

    /// The tables of a grid's rows and columns as attention reads them: √d of the file's, whose products are not divided by it,
    /// by the key's place less the query's, where the file counts the other way.
    mutating func relationTables(
        _ name: String, headWidth d: Int, _ grid: TokenGrid
    ) throws(ModelError) -> [ValueID?] {
        var tables: [ValueID?] = []
        for (letter, side) in zip(["h", "w"], grid.sides) {
            let source = (name: "\(name).rel_pos_\(letter)", shape: [2 * side - 1, d])
            tables.append(
                try derived("\(source.name), reversed", source.shape, from: [source]) { numbers in
                    let scale = Float(d).squareRoot()
                    return (0..<2 * side - 1).reversed().flatMap { row in
                        numbers[0][row * d..<(row + 1) * d].map { scale * $0 }
                    }
                })
        }
        return tables
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
