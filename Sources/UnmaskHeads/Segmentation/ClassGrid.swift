/// The scores of an image's patches, [rows, columns, classes], which are interpolated to any size.
public struct ClassGrid: Sendable {
    public let grid: PatchGrid
    public let classes: Int
    private let scores: [Float]

    init(grid: PatchGrid, scores: [Float]) {
        precondition(scores.count % grid.count == 0, "\(scores.count) scores do not fill \(grid.count) patches")
        (self.grid, classes, self.scores) = (grid, scores.count / grid.count, scores)
    }

    public var isFinite: Bool { scores.allSatisfy(\.isFinite) }

    /// The class that scores most at each place, [rows, columns]; the first of equals.
    /// - Parameter rows, columns: places as shares of a side; nil for what lies outside, whose class is `PointLabels.ignored`.
    public func best(rows: [Double?], columns: [Double?]) -> [UInt8] {
        let seen = columns.indices.filter { columns[$0] != nil }
        let across = AxisStencil(tokens: grid.columns, places: columns.compactMap(\.self))
        let down = AxisStencil(tokens: grid.rows, places: rows.compactMap(\.self))
        var best = [UInt8](repeating: PointLabels.ignored, count: rows.count * columns.count)
        var mixed = [Float](repeating: 0, count: grid.columns * classes)
        var seenRows = 0
        for row in rows.indices where rows[row] != nil {
            mixRows(down.lower[seenRows], down.upper[seenRows], down.share[seenRows], into: &mixed)
            seenRows += 1
            mixed.withUnsafeBufferPointer { mixed in
                for (place, column) in seen.enumerated() {
                    let (left, right) = (across.lower[place] * classes, across.upper[place] * classes)
                    let share = across.share[place]
                    var highest = -Float.infinity
                    for index in 0..<classes {
                        let score = mixed[left + index] + share * (mixed[right + index] - mixed[left + index])
                        guard score > highest else { continue }
                        highest = score
                        best[row * columns.count + column] = UInt8(index)
                    }
                }
            }
        }
        return best
    }

    private func mixRows(_ upper: Int, _ lower: Int, _ share: Float, into mixed: inout [Float]) {
        let (first, second) = (upper * mixed.count, lower * mixed.count)
        for index in mixed.indices {
            mixed[index] = scores[first + index] + share * (scores[second + index] - scores[first + index])
        }
    }
}
