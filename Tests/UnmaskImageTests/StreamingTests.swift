import Testing

@testable import UnmaskImage

@Suite("rows that are resized as they are decoded")
struct StreamingTests {
    @Test("interlaced or not, a PNG is the same image", arguments: MadePNG.kinds.indices)
    func interlacing(kind: Int) throws {
        let (color, bits) = MadePNG.kinds[kind]
        for width in [1, 2, 3, 4, 5, 8, 9, 17] {
            for height in [1, 2, 3, 4, 5, 8, 9, 17] {
                var png = MadePNG(width: width, height: height, color: color, bits: bits)
                let plain = try PixelImage.decode(png.encoded())
                png.isInterlaced = true
                #expect(try PixelImage.decode(png.encoded()) == plain, "\(width) × \(height)")
            }
        }
    }

    @Test("streamed or whole, an image gives the same pixels", arguments: Recipe.Name.allCases)
    func streamed(name: Recipe.Name) throws {
        var streamed = 0
        for (width, height) in [(1, 1), (7, 300), (300, 7), (61, 43), (224, 90), (90, 224), (513, 511), (17, 16)] {
            for (color, bits) in [(UInt8(0), 8), (2, 8), (6, 16), (3, 4)] {
                let encoded = MadePNG(width: width, height: height, color: color, bits: bits).encoded()
                for (side, channels) in [(16, 3), (28, 1), (224, 3)] {
                    let half = [Float](repeating: 0.5, count: channels)
                    let recipe = try Recipe(name, height: side, width: side, mean: half, std: half)
                    let whole = try PixelImage.decode(encoded, channels: channels)
                    #expect(try recipe.prepare(encoded) == recipe.apply(to: whole), "\(width) × \(height) to \(side)")
                    let isStreamed = try withBytes(of: encoded) { bytes throws(ImageError) in
                        try StreamedResizing(try openImage(bytes, DecodeWatch(.standard, .standard)), recipe) != nil
                    }
                    if isStreamed { streamed += 1 }
                }
            }
        }
        #expect(streamed > 20)
    }

    @Test("an orientation behind the image still turns it")
    func orientationBehindImage() throws {
        let exif: [UInt8] = Array("II*\0".utf8) + [8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0]
        let png = MadePNG(width: 30, height: 20, color: 2, bits: 8)
        let recipe = try Recipe(.squash, height: 8, width: 8)
        let turned = png.encoded(metadataBehind: exif)
        #expect(try PixelImage.decode(turned).width == 20)
        #expect(try recipe.prepare(turned) == recipe.apply(to: PixelImage.decode(turned)))
        #expect(try recipe.prepare(turned) != recipe.prepare(png.encoded()))
    }
}
