import UnmaskImage
import UnmaskModel

/// A picture of small pictures: a row for each query, the query first, then what it found with the similarities.
struct ContactSheet {
    private var rows: [[Cell]] = []

    private struct Cell {
        let path: String
        let similarity: Float?
    }

    private static let side = 128
    private static let gap = 6
    /// Below each picture.
    private static let caption = 16
    private static let cellHeight = side + caption

    mutating func add(query: String, _ found: [(path: String, similarity: Float)]) {
        rows.append([Cell(path: query, similarity: nil)] + found.map { Cell(path: $0.path, similarity: $0.similarity) })
    }

    /// Pictures that cannot be read any longer stay white.
    func write(to path: String) throws {
        let gap = Self.gap
        let most = rows.map(\.count).max() ?? 1
        let (width, height) = (most * (Self.side + gap) + gap, max(1, rows.count) * (Self.cellHeight + gap) + gap)
        let recipe = try ResolvedRecipe(
            RecipeOptions(.name(.squash), resize: .contain(.fraction(1))), imageSize: [Self.side, Self.side],
            channels: 3
        ).recipe
        var canvas = Canvas(width: width, height: height)
        for (y, row) in rows.enumerated() {
            for (x, cell) in row.enumerated() {
                let (left, top) = (gap + x * (Self.side + gap), gap + y * (Self.cellHeight + gap))
                if let picture = try? recipe.prepare(path: cell.path) { canvas.draw(picture, left: left, top: top) }
                let text = cell.similarity.map { fixed(Double($0), 4) } ?? "="
                canvas.draw(text, left: left, top: top + Self.side + 4)
            }
        }
        try canvas.image.writePNG(to: path)
    }
}
