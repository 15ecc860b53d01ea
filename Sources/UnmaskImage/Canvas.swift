/// RGB pixels, white at first, to lay pictures and words on.
package struct Canvas {
    package let width: Int
    package let height: Int
    private var pixels: [UInt8]

    package init(width: Int, height: Int) {
        (self.width, self.height) = (width, height)
        pixels = [UInt8](repeating: 255, count: width * height * 3)
    }

    package var image: PixelImage { PixelImage(width: width, height: height, channels: 3, pixels: pixels) }

    /// A gray or RGB picture that begins on the canvas, each of its pixels `zoom` × `zoom`; what reaches beyond is left out.
    package mutating func draw(_ picture: PixelImage, left: Int, top: Int, zoom: Int = 1) {
        for y in 0..<min(picture.height * zoom, height - top) {
            for x in 0..<min(picture.width * zoom, width - left) {
                let from = (y / zoom * picture.width + x / zoom) * picture.channels
                let to = ((top + y) * width + left + x) * 3
                for channel in 0..<3 {
                    pixels[to + channel] = picture.pixels[from + (picture.channels == 3 ? channel : 0)]
                }
            }
        }
    }

    /// Words in black: `PixelFont`'s characters, each of whose points is `zoom` × `zoom`; others leave a gap.
    package mutating func draw(_ text: String, left: Int, top: Int, zoom: Int = 1) {
        for (place, character) in text.enumerated() {
            guard let rows = PixelFont.glyphs[character] else { continue }
            let start = left + place * PixelFont.advance * zoom
            for y in 0..<PixelFont.height * zoom {
                for x in 0..<PixelFont.width * zoom
                where rows[y / zoom] >> UInt8(PixelFont.width - 1 - x / zoom) & 1 == 1 {
                    let (row, column) = (top + y, start + x)
                    guard (0..<height).contains(row), (0..<width).contains(column) else { continue }
                    for channel in 0..<3 { pixels[(row * width + column) * 3 + channel] = 0 }
                }
            }
        }
    }
}

/// Characters of 5 × 7 points.
package enum PixelFont {
    package static let width = 5, height = 7
    /// From one character to the next.
    package static let advance = 6

    package static func width(of text: String) -> Int { max(0, text.count * advance - 1) }

    /// Seven rows from the top; the highest of five bits is on the left.
    static let glyphs: [Character: [UInt8]] = [
        "0": [14, 17, 19, 21, 25, 17, 14], "1": [4, 12, 4, 4, 4, 4, 14], "2": [14, 17, 1, 2, 4, 8, 31],
        "3": [31, 2, 4, 2, 1, 17, 14], "4": [2, 6, 10, 18, 31, 2, 2], "5": [31, 16, 30, 1, 1, 17, 14],
        "6": [6, 8, 16, 30, 17, 17, 14], "7": [31, 1, 2, 4, 8, 8, 8], "8": [14, 17, 17, 14, 17, 17, 14],
        "9": [14, 17, 17, 15, 1, 2, 12], "a": [0, 0, 14, 1, 15, 17, 15], "b": [16, 16, 22, 25, 17, 17, 30],
        "c": [0, 0, 14, 16, 16, 17, 14], "d": [1, 1, 13, 19, 17, 17, 15], "e": [0, 0, 14, 17, 31, 16, 14],
        "f": [6, 9, 8, 28, 8, 8, 8], "g": [0, 15, 17, 17, 15, 1, 14], "h": [16, 16, 22, 25, 17, 17, 17],
        "i": [4, 0, 12, 4, 4, 4, 14], "j": [2, 0, 6, 2, 2, 18, 12], "k": [16, 16, 18, 20, 24, 20, 18],
        "l": [12, 4, 4, 4, 4, 4, 14], "m": [0, 0, 26, 21, 21, 17, 17], "n": [0, 0, 22, 25, 17, 17, 17],
        "o": [0, 0, 14, 17, 17, 17, 14], "p": [0, 0, 30, 17, 30, 16, 16], "q": [0, 0, 13, 19, 15, 1, 1],
        "r": [0, 0, 22, 25, 16, 16, 16], "s": [0, 0, 14, 16, 14, 1, 30], "t": [8, 8, 28, 8, 8, 9, 6],
        "u": [0, 0, 17, 17, 17, 19, 13], "v": [0, 0, 17, 17, 17, 10, 4], "w": [0, 0, 17, 17, 21, 21, 10],
        "x": [0, 0, 17, 10, 4, 10, 17], "y": [0, 0, 17, 17, 15, 1, 14], "z": [0, 0, 31, 2, 4, 8, 31],
        ".": [0, 0, 0, 0, 0, 12, 12], ",": [0, 0, 0, 0, 12, 4, 8], "-": [0, 0, 0, 14, 0, 0, 0],
        "=": [0, 0, 31, 0, 31, 0, 0], "+": [0, 4, 4, 31, 4, 4, 0], "%": [24, 25, 2, 4, 8, 19, 3],
        ":": [0, 12, 12, 0, 12, 12, 0],
    ]
}
