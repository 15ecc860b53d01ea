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
                if let picture = try? recipe.prepare(path: cell.path) { canvas.draw(picture, left, top) }
                let text = cell.similarity.map { fixed(Double($0), 4) } ?? "="
                canvas.draw(text, left, top + Self.side + 3)
            }
        }
        try PixelImage(width: width, height: height, channels: 3, pixels: canvas.pixels).writePNG(to: path)
    }
}

/// RGB pixels, white at first, to draw on.
private struct Canvas {
    let width: Int
    var pixels: [UInt8]

    init(width: Int, height: Int) {
        self.width = width
        pixels = [UInt8](repeating: 255, count: width * height * 3)
    }

    mutating func draw(_ picture: PixelImage, _ left: Int, _ top: Int) {
        let stride = picture.width * 3
        for y in 0..<picture.height {
            let start = ((top + y) * width + left) * 3
            pixels.replaceSubrange(start..<start + stride, with: picture.pixels[y * stride..<(y + 1) * stride])
        }
    }

    /// Digits, points, minus and equals signs, 6 × 10 pixels each.
    mutating func draw(_ text: String, _ left: Int, _ top: Int) {
        for (place, character) in text.enumerated() {
            guard let rows = Self.glyphs[character] else { continue }
            for y in 0..<10 {
                for x in 0..<6 where rows[y / 2] >> (2 - x / 2) & 1 == 1 {
                    let start = ((top + y) * width + left + place * 8 + x) * 3
                    for channel in 0..<3 { pixels[start + channel] = 0 }
                }
            }
        }
    }

    /// 3 × 5 points, a number of 3 bits for each row.
    private static let glyphs: [Character: [Int]] = [
        "0": [7, 5, 5, 5, 7], "1": [2, 6, 2, 2, 7], "2": [7, 1, 7, 4, 7], "3": [7, 1, 3, 1, 7], "4": [5, 5, 7, 1, 1],
        "5": [7, 4, 7, 1, 7], "6": [7, 4, 7, 5, 7], "7": [7, 1, 2, 2, 2], "8": [7, 5, 7, 5, 7], "9": [7, 5, 7, 1, 7],
        ".": [0, 0, 0, 0, 2], "-": [0, 0, 7, 0, 0], "=": [0, 7, 0, 7, 0],
    ]
}
