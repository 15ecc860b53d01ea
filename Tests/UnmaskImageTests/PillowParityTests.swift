import Testing
import UnmaskImage

/// Pixels against digests that Pillow made; versions.json names its version.
@Suite("pixels equal Pillow's")
struct PillowParityTests {
    typealias Views = [String: [String: String]]

    @Test("every encoding and recipe, on small images")
    func smallImages() throws {
        let images = try Fixtures.json("images.json", as: Views.self)
        var compared = 0
        for (name, views) in images {
            let encoded = try Fixtures.bytes(name)
            for (key, expected) in views {
                let view = try #require(ViewKey(key)).view(of: encoded)
                #expect(view.digestText == expected, "\(name), \(key)")
                compared += 1
            }
        }
        #expect(compared > 1000)
    }

    @Test("every filter, up and down, on noise")
    func resizes() throws {
        let images = try Fixtures.json("resizes.json", as: Views.self)
        var compared = 0
        for (name, views) in images {
            let encoded = try Fixtures.bytes(name)
            for (text, expected) in views {
                let key = try #require(ViewKey(text))
                let image = try PixelImage.decode(encoded, channels: key.size[2])
                let filter = try #require(ResampleFilter(rawValue: key.name))
                let resized = try image.resized(width: key.size[0], height: key.size[1], filter: filter)
                #expect(resized.digestText == expected, "\(name), \(text)")
                compared += 1
            }
        }
        #expect(compared > 600)
    }
}
