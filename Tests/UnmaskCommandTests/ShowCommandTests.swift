import Foundation
import Testing
import UnmaskImage
import UnmaskModel

/// What a person is shown of a model: panels, and pictures in a terminal.
@Suite struct ShowCommandTests {
    /// The shipped sample, three times as large, so that a panel is.
    private static func large(_ folder: TemporaryFolder) throws -> (path: String, image: PixelImage) {
        let sample = try PixelImage.decode(Array(Data(contentsOf: URL(fileURLWithPath: Shipped.sample))), channels: 1)
        let image = try sample.resized(height: 84, width: 84)
        try image.writePNG(to: folder.file("large.png"))
        return (folder.file("large.png"), image)
    }

    private static func show(_ form: String, _ path: String, _ more: [String] = []) throws -> String {
        let run = try CommandLineRunner(
            list: ["show", path, "--model", Shipped.autoencoder, "--form", form, "--no-cache"] + more)
        #expect(run.code == 0, "\(run.errors)")
        let lines = run.output.split(separator: "\n", maxSplits: 1)
        #expect(lines.first.map(String.init) == path)
        return lines.count == 2 ? String(lines[1]) : ""
    }

    @Test("a panel has the picture's own pixels where patches were seen, and a fifth picture of errors")
    func panel() throws {
        let folder = try TemporaryFolder()
        let (path, image) = try Self.large(folder)
        var widths: [Int] = []
        for more in [[], ["--error-map"]] {
            let out = folder.file("panel.png")
            let run = try CommandLineRunner(
                list: ["reconstruct", path, "--model", Shipped.autoencoder, "--pattern", "grid", "-o", out] + more)
            #expect(run.code == 0, "\(run.errors)")
            let panel = try PixelImage.decode(Array(Data(contentsOf: URL(fileURLWithPath: out))))
            widths.append(panel.width)
            // Cells of 84 × 84 pixels, each three times as high and wide, under names.
            let (cell, gap) = (252, 9)
            let strip = panel.height - cell
            func shade(_ picture: Int, _ x: Int, _ y: Int) -> UInt8 {
                panel.pixels[((strip + 3 * y + 1) * panel.width + picture * (cell + gap) + 3 * x + 1) * 3]
            }
            // Of 7 × 7 patches of 12 pixels the grid leaves those of even row and column.
            for (x, y) in [(5, 7), (26, 3), (50, 30)] {
                #expect(shade(0, x, y) == image.pixels[y * 84 + x])
                let isSeen = x / 12 % 2 == 0 && y / 12 % 2 == 0
                #expect(shade(1, x, y) == (isSeen ? image.pixels[y * 84 + x] : 128))
                #expect(shade(3, x, y) == (isSeen ? image.pixels[y * 84 + x] : shade(2, x, y)))
            }
            // Names are there.
            #expect((0..<strip * panel.width).contains { panel.pixels[$0 * 3] == 0 })
        }
        #expect(widths == [4 * 252 + 3 * 9, 5 * 252 + 4 * 9])
    }

    @Test("kitty's pieces are one PNG, of five pictures")
    func kitty() throws {
        let text = try Self.show("kitty", Shipped.sample)
        let pieces = text.components(separatedBy: "\u{1B}_G").dropFirst().map {
            $0.components(separatedBy: "\u{1B}\\")[0]
        }
        #expect(pieces.first?.hasPrefix("a=T,f=100,m=1;") ?? false && pieces.last?.hasPrefix("m=0;") ?? false)
        let base64 = pieces.map { $0.split(separator: ";", maxSplits: 1)[1] }.joined()
        let picture = try PixelImage.decode(Array(#require(Data(base64Encoded: base64))))
        #expect(picture.width == 5 * 224 + 4 * 8)
    }

    @Test("sixels and half blocks have the colours of the same picture")
    func sixelAndBlocks() throws {
        let kitty = try Self.show("kitty", Shipped.sample)
        let base64 = kitty.components(separatedBy: "\u{1B}_G").dropFirst().map {
            String($0.components(separatedBy: "\u{1B}\\")[0].split(separator: ";", maxSplits: 1)[1])
        }.joined()
        let picture = try PixelImage.decode(Array(#require(Data(base64Encoded: base64))))
        let drawn = try Sixel(Self.show("sixel", Shipped.sample))
        #expect(drawn.width == picture.width && drawn.height == picture.height)
        for index in stride(from: 0, to: picture.pixels.count, by: 997) {
            // Six shades of each channel are at most a tenth away.
            let (pixel, channel) = (index / 3, index % 3)
            #expect(abs(drawn.percent[pixel][channel] - Int(picture.pixels[index]) * 100 / 255) <= 11)
        }
        let blocks = try Self.show("blocks", Shipped.sample, ["--columns", "60"])
        let lines = blocks.split(separator: "\n")
        #expect(
            lines.allSatisfy { $0.filter { $0 == "▀" }.count == 60 }
                && lines.count == (60 * picture.height / picture.width + 1) / 2)
        // Of every line the upper row's colour of each block, then the lower one's.
        let small = try picture.resized(height: lines.count * 2, width: 60)
        for (line, text) in lines.enumerated() {
            let found = text.components(separatedBy: "\u{1B}[38;2;").dropFirst().map { block in
                block.prefix { $0 != "m" }.split(separator: ";").compactMap { UInt8($0) }
            }
            for (column, numbers) in found.enumerated() {
                func pixel(_ row: Int) -> [UInt8] {
                    Array(small.pixels[(row * 60 + column) * 3..<(row * 60 + column + 1) * 3])
                }
                #expect(numbers == pixel(2 * line) + [48, 2] + pixel(2 * line + 1))
            }
        }
    }

    /// What a terminal draws of sixels: of each pixel its colour in hundredths.
    private struct Sixel {
        let width: Int
        let height: Int
        private(set) var percent: [[Int]]

        init(_ text: String) throws {
            let body = try #require(
                text.components(separatedBy: "\u{1B}Pq").last?.components(separatedBy: "\u{1B}\\").first)
            var characters = Array(body.utf8)[...]
            func numbers() -> [Int] {
                var found = [0]
                while let next = characters.first, (48...57).contains(next) || next == 59 {
                    if next == 59 {
                        found.append(0)
                    } else {
                        found[found.count - 1] = found[found.count - 1] * 10 + Int(next) - 48
                    }
                    characters = characters.dropFirst()
                }
                return found
            }
            characters = characters.dropFirst()
            let raster = numbers()
            (width, height) = (raster[2], raster[3])
            percent = Array(repeating: [-1, -1, -1], count: width * height)
            var (registers, color, x, top): ([Int: [Int]], Int, Int, Int) = ([:], 0, 0, 0)
            while let next = characters.popFirst() {
                switch next {
                case UInt8(ascii: "#"):
                    let parts = numbers()
                    color = parts[0]
                    if parts.count == 5 { registers[color] = Array(parts[2...]) }
                case UInt8(ascii: "$"): x = 0
                case UInt8(ascii: "-"): (x, top) = (0, top + 6)
                default:
                    var (count, bits) = (1, next)
                    if next == UInt8(ascii: "!") {
                        count = numbers()[0]
                        bits = characters.popFirst() ?? 63
                    }
                    for _ in 0..<count {
                        for row in 0..<6 where (bits - 63) >> UInt8(row) & 1 == 1 {
                            percent[(top + row) * width + x] = registers[color] ?? []
                        }
                        x += 1
                    }
                }
            }
        }
    }
}
