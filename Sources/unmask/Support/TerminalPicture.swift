import ArgumentParser
import Foundation
import UnmaskImage

/// How a picture is shown in a terminal.
enum TerminalForm: String, CaseIterable, ExpressibleByArgument {
    /// The protocol of kitty, Ghostty and WezTerm: a PNG.
    case kitty
    /// DEC's six rows at a time: foot, mlterm, xterm, Windows Terminal.
    case sixel
    /// Half blocks in two colours, wherever there are 24 bits of them.
    case blocks

    /// What the terminal says that it can.
    init(_ environment: [String: String]) {
        let (term, program) = (environment["TERM"] ?? "", environment["TERM_PROGRAM"] ?? "")
        if term.contains("kitty") || environment["KITTY_WINDOW_ID"] != nil || ["ghostty", "WezTerm"].contains(program) {
            self = .kitty
        } else if ["foot", "mlterm", "sixel"].contains(where: term.contains) {
            self = .sixel
        } else {
            self = .blocks
        }
    }
}

/// A picture as text that a terminal shows as one.
struct TerminalPicture {
    let image: PixelImage

    func text(_ form: TerminalForm, columns: Int) throws -> String {
        switch form {
        case .kitty: try kitty()
        case .sixel: sixel()
        case .blocks: try blocks(columns: columns)
        }
    }

    // MARK: Kitty

    private static let kittyChunk = 4096

    /// https://sw.kovidgoyal.net/kitty/graphics-protocol: a PNG in base64, in pieces of which all but the last announce another.
    private func kitty() throws -> String {
        let encoded = Array(Data(try image.pngData()).base64EncodedString().utf8)
        let starts = stride(from: 0, to: encoded.count, by: Self.kittyChunk)
        return starts.map { start in
            let piece = encoded[start..<min(start + Self.kittyChunk, encoded.count)]
            let more = piece.endIndex < encoded.count ? 1 : 0
            let control = start == 0 ? "a=T,f=100,m=\(more)" : "m=\(more)"
            return "\u{1B}_G\(control);\(String(decoding: piece, as: UTF8.self))\u{1B}\\"
        }.joined() + "\n"
    }

    // MARK: Sixel

    /// Shades of each channel.
    private static let shades = 6

    /// A register of each colour of a cube of 6 × 6 × 6; of every six rows a line for each colour in them, equal columns counted.
    private func sixel() -> String {
        let shades = Self.shades
        var text = "\u{1B}Pq\"1;1;\(image.width);\(image.height)"
        for index in 0..<shades * shades * shades {
            let parts = [index / (shades * shades), index / shades % shades, index % shades].map {
                $0 * 100 / (shades - 1)
            }
            text += "#\(index);2;\(parts[0]);\(parts[1]);\(parts[2])"
        }
        for top in stride(from: 0, to: image.height, by: 6) {
            let rows = top..<min(top + 6, image.height)
            let colors = rows.map { row in (0..<image.width).map { register(row, $0) } }
            for color in Set(colors.joined()).sorted() {
                text += "#\(color)"
                var (last, count) = (UInt8(0), 0)
                func put() {
                    let character = Character(UnicodeScalar(63 + last))
                    text += count > 3 ? "!\(count)\(character)" : String(repeating: character, count: count)
                }
                for column in 0..<image.width {
                    let bits = colors.indices.reduce(UInt8(0)) {
                        $0 | (colors[$1][column] == color ? 1 << UInt8($1) : 0)
                    }
                    if bits != last {
                        put()
                        (last, count) = (bits, 0)
                    }
                    count += 1
                }
                put()
                text += "$"
            }
            text += "-"
        }
        return text + "\u{1B}\\\n"
    }

    private func register(_ row: Int, _ column: Int) -> Int {
        (0..<3).reduce(0) { $0 * Self.shades + (Int(sample(row, column, $1)) * (Self.shades - 1) + 127) / 255 }
    }

    private func sample(_ row: Int, _ column: Int, _ channel: Int) -> UInt8 {
        image.pixels[(row * image.width + column) * image.channels + (image.channels == 3 ? channel : 0)]
    }

    // MARK: Half blocks

    /// Two rows of pixels a line: the upper half block's own colour, and the one behind it.
    private func blocks(columns: Int) throws -> String {
        let width = min(columns, image.width)
        let height = max(2, image.height * width / image.width)
        let small = TerminalPicture(image: try image.resized(height: height + height % 2, width: width))
        func color(_ row: Int, _ column: Int) -> String {
            (0..<3).map { String(small.sample(row, column, $0)) }.joined(separator: ";")
        }
        return stride(from: 0, to: small.image.height, by: 2).map { row in
            (0..<width).map { "\u{1B}[38;2;\(color(row, $0));48;2;\(color(row + 1, $0))m▀" }.joined()
                + "\u{1B}[0m\n"
        }.joined()
    }
}
