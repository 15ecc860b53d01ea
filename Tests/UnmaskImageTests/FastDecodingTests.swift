import Foundation
import Testing

@testable import UnmaskImage

@Suite("JPEGs decoded no larger than a model sees them")
struct FastDecodingTests {
    private static let fast = Recipe.Reading(decoding: .fast)

    @Test("pixels equal those after Pillow's draft, of every kind, turned and cropped")
    func drafts() throws {
        var (compared, reduced) = (0, 0)
        for (name, views) in try Fixtures.json("drafts.json", as: [String: [String: String]].self) {
            let encoded = try Fixtures.bytes(name)
            for (text, expected) in views {
                let key = try #require(ViewKey(text))
                let view = try key.view(of: encoded, Self.fast)
                #expect(view.digestText == expected, "\(name), \(text)")
                if view != (try key.view(of: encoded)) { reduced += 1 }
                compared += 1
            }
        }
        #expect(compared > 500)
        #expect(reduced > 200)
    }

    @Test("the whole image that a recipe reads has at least twice the sides, and gives what the file gives")
    func whole() throws {
        for name in ["baseline-420.jpg", "progressive-444.jpg", "exif-6.jpg", "color2-8bit.png"] {
            let encoded = try Fixtures.bytes(name)
            let full = try PixelImage.decode(encoded)
            for side in 1...40 {
                let recipe = try Recipe(.squash, height: side, width: side, mean: [0], std: [1]).reading(Self.fast)
                let image = try recipe.decode(encoded)
                func reduced(_ length: Int, _ factor: Int) -> Int { (length + factor - 1) / factor }
                let factor = try #require([1, 2, 4, 8].first { reduced(full.width, $0) == image.width })
                #expect(image.height == reduced(full.height, factor), "\(name), \(side)")
                #expect(factor == 1 || min(full.width, full.height) >= 2 * side * factor, "\(name), \(side)")
                #expect(factor == 8 || name.hasSuffix("png") || min(full.width, full.height) < 4 * side * factor)
                #expect(try recipe.apply(to: image) == recipe.prepare(encoded), "\(name), \(side)")
            }
        }
    }

    @Test("damage is found all the same")
    func damaged() throws {
        let recipe = try Recipe(.squash, height: 2, width: 2, mean: [0], std: [1]).reading(Self.fast)
        for name in ["baseline-420.jpg", "progressive-444.jpg"] {
            let encoded = try Fixtures.bytes(name)
            #expect(throws: ImageError.self) { try recipe.prepare(Array(encoded.prefix(encoded.count / 2))) }
        }
        let tooLarge = ImageLimits(maxPixels: 100)
        #expect(throws: ImageError.self) { try recipe.prepare(Fixtures.bytes("baseline-420.jpg"), limits: tooLarge) }
    }

    @Test("recipes say how files are read")
    func spelling() throws {
        var recipe = try Recipe(.mae, height: 224, width: 224)
        recipe.reading = Self.fast
        #expect(recipe.name == .mae && recipe.label == "mae 224x224 fast-decode")
        #expect(try JSONDecoder().decode(Recipe.self, from: JSONEncoder().encode(recipe)) == recipe)
        #expect(try recipe.scaled(height: 384, width: 384).reading == Self.fast)
        #expect(recipe.scaled(by: 2)?.reading == Self.fast)
        let wrong = #"{"name": "squash", "size": [2, 2], "mean": [0], "std": [1], "decoding": "draft"}"#
        #expect(throws: RecipeError.self) { try JSONDecoder().decode(Recipe.self, from: Data(wrong.utf8)) }
    }
}
