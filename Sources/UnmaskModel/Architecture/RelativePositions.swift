/// Biases of attention's scores by how two patches lie to one another (Bao et al. 2021, as Liu et al. 2021 index them).
enum RelativePositions {
    static let tableName = "relative_position_bias_table"
    static let blockTable = "attn." + tableName, sharedTable = "rel_pos_bias." + tableName

    /// Rows of the table for a grid: every difference of two places, and three for the CLS token: as a query, as a key, and
    /// with itself.
    static func rows(grid: [Int]) -> Int { (2 * grid[0] - 1) * (2 * grid[1] - 1) + 3 }

    /// The square grid that a table of so many rows is for; nil where there is none.
    static func squareGrid(rows: Int) -> Int? {
        let side = Int(Double(max(rows - 3, 0)).squareRoot().rounded())
        return side % 2 == 1 && side * side == rows - 3 ? (side + 1) / 2 : nil
    }

    /// The table [rows, heads] spread over all pairs of tokens, [heads, 1 + N, 1 + N].
    static func biases(_ table: [Float], heads: Int, grid: [Int]) -> [Float] {
        let (rows, columns) = (grid[0], grid[1])
        let patches = rows * columns
        let count = Self.rows(grid: grid)
        let tokens = 1 + patches
        var result = [Float](repeating: 0, count: heads * tokens * tokens)
        for query in 0..<tokens {
            for key in 0..<tokens {
                let row: Int
                switch (query, key) {
                case (0, 0): row = count - 1
                case (0, _): row = count - 3
                case (_, 0): row = count - 2
                default:
                    let down = (query - 1) / columns - (key - 1) / columns + rows - 1
                    let right = (query - 1) % columns - (key - 1) % columns + columns - 1
                    row = down * (2 * columns - 1) + right
                }
                for head in 0..<heads {
                    result[(head * tokens + query) * tokens + key] = table[row * heads + head]
                }
            }
        }
        return result
    }
}
