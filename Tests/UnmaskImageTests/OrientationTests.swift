import Testing

@testable import UnmaskImage

@Suite("EXIF and XMP orientation")
struct OrientationTests {
    /// A block in hexadecimal and the orientation that Pillow acts on.
    struct Case: Decodable {
        let block: [UInt8]
        let orientation: Int

        init(from decoder: any Decoder) throws {
            var pair = try decoder.unkeyedContainer()
            let hex = Array(try pair.decode(String.self))
            block = stride(from: 0, to: hex.count, by: 2).compactMap { UInt8(String(hex[$0...$0 + 1]), radix: 16) }
            orientation = try pair.decode(Int.self)
        }
    }

    @Test("sound and damaged EXIF blocks are read as Pillow reads them")
    func exifBlocks() throws {
        let cases = try Fixtures.json("exif.json", as: [Case].self)
        #expect(cases.count > 300 && cases.contains { $0.orientation != 1 })
        for (index, expected) in cases.enumerated() {
            let found = ImageMetadata(exif: expected.block).orientation
            #expect(found.rawValue == expected.orientation, "block \(index): \(expected.block)")
        }
    }

    @Test(
        "XMP counts where EXIF is silent",
        arguments: [
            ("tiff:Orientation=\"6\"", 6), ("<tiff:Orientation>3</tiff:Orientation>", 3), ("tiff:Orientation=\"9\"", 1),
            ("tiff:Orientation = \"6\" tiff:Orientation=\"8\"", 8), ("ttiff:Orientation>5", 5),
            ("tiff:Orientation=\"", 1),
            ("", 1),
        ])
    func xmp(packet: String, number: Int) {
        #expect(ImageMetadata(xmp: Array(packet.utf8)).orientation.rawValue == number)
    }

    @Test("EXIF overrules XMP")
    func both() {
        let exif: [UInt8] = Array("II*\0".utf8) + [8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]
        let metadata = ImageMetadata(exif: exif, xmp: Array("tiff:Orientation=\"6\"".utf8))
        #expect(metadata.orientation == .flipHorizontal)
    }

    @Test("arbitrary bytes are no harm")
    func arbitraryBytes() {
        var random = SplitMix(seed: 11)
        for _ in 0..<2000 {
            let start = Bool.random(using: &random) ? Array("II*\0".utf8) : Array("MM\0*".utf8)
            let count = Int.random(in: 0...60, using: &random)
            let block = start + (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            _ = ImageMetadata(exif: block, xmp: block).orientation
        }
    }
}
