/// A number of each of an image's patches, which is interpolated to any size.
public struct PatchValues: Sendable {
    public let grid: PatchGrid
    private let values: [Float]

    /// `values` must fill the grid.
    public init(grid: PatchGrid, values: [Float]) {
        precondition(values.count == grid.count, "\(values.count) values do not fill \(grid.count) patches")
        (self.grid, self.values) = (grid, values)
    }

    /// [rows, columns], by places as shares of a side; 0 for what lies outside, which is nil.
    public func interpolated(rows: [Double?], columns: [Double?]) -> [Float] {
        let down = AxisStencil(tokens: grid.rows, places: rows.map { $0 ?? 0 })
        let across = AxisStencil(tokens: grid.columns, places: columns.map { $0 ?? 0 })
        return rows.indices.flatMap { row in
            columns.indices.map { column in
                guard rows[row] != nil, columns[column] != nil else { return 0 }
                func mixed(_ line: Int) -> Float {
                    let (left, right) = (across.lower[column], across.upper[column])
                    let start = line * grid.columns
                    return values[start + left] + across.share[column] * (values[start + right] - values[start + left])
                }
                let (above, below) = (mixed(down.lower[row]), mixed(down.upper[row]))
                return above + down.share[row] * (below - above)
            }
        }
    }
}
