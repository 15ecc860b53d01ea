import Testing
import UnmaskImage

@Suite("an image's header")
struct HeaderTests {
    @Test("says what decoding gives, before it is turned upright")
    func headers() throws {
        var formats: Set<String> = []
        for name in try Fixtures.json("images.json", as: PillowParityTests.Views.self).keys {
            let encoded = try Fixtures.bytes(name)
            let (header, image) = (try ImageHeader(encoded), try PixelImage.decode(encoded))
            #expect([header.width, header.height].sorted() == [image.width, image.height].sorted(), "\(name)")
            let endings = ["jpeg": "jpg", "tiff": "tif"]
            #expect(name.hasSuffix("." + (endings[header.format] ?? header.format)), "\(name)")
            #expect([8, 24].contains(header.bitDepth))
            formats.insert(header.format)
        }
        #expect(formats == ["jpeg", "png", "webp", "gif", "bmp", "tiff", "avif", "heic"])
    }

    @Test("is refused as decoding refuses it")
    func refusals() throws {
        var limits = ImageLimits.standard
        limits.maxSide = 1
        for encoded in [[], Array("GIF89a".utf8)] {
            #expect(throws: ImageError.self) { try ImageHeader(encoded) }
        }
        let large = try PixelImage(width: 2, height: 1, channels: 1, pixels: [0, 255]).pngData()
        #expect(try ImageHeader(large).bitDepth == 8)
        #expect(throws: ImageError.self) { try ImageHeader(large, limits: limits) }
    }
}
