import Foundation
import Testing

@testable import UnmaskImage

@Suite("recipes")
struct RecipeTests {
    @Test("JSON is spelt as checkpoints have it")
    func json() throws {
        let text = #"{"name": "squash", "size": [28, 30], "mean": [0.286], "std": [0.353]}"#
        let recipe = try JSONDecoder().decode(Recipe.self, from: Data(text.utf8))
        #expect(recipe == (try Recipe(.squash, height: 28, width: 30, mean: [0.286], std: [0.353])))
        #expect(try JSONDecoder().decode(Recipe.self, from: JSONEncoder().encode(recipe)) == recipe)
    }

    @Test(
        "JSON that makes no recipe",
        arguments: [
            #"{"name": "clip", "size": [28, 28], "mean": [0.5], "std": [0.5]}"#,
            #"{"name": "mae", "size": [28], "mean": [0.5], "std": [0.5]}"#,
            #"{"name": "mae", "size": [0, 28], "mean": [0.5], "std": [0.5]}"#,
            #"{"name": "mae", "size": [28, 9223372036854775807], "mean": [0.5], "std": [0.5]}"#,
            #"{"name": "mae", "size": [28, 28], "mean": [0.5, 0.5], "std": [0.5]}"#,
            #"{"name": "mae", "size": [28, 28], "mean": [], "std": []}"#,
            #"{"name": "mae", "size": [28, 28], "mean": [0.5], "std": [0]}"#,
        ])
    func badJSON(_ text: String) {
        #expect(throws: RecipeError.self) { try JSONDecoder().decode(Recipe.self, from: Data(text.utf8)) }
    }

    /// torchvision on a 640 × 480 image: Resize(256) gives 341 × 256, Resize(248) 330 × 248; crops round half to even.
    @Test("the published sizes")
    func sizes() throws {
        let mae = try RecipeGeometry(try Recipe(.mae, height: 224, width: 224), imageWidth: 640, imageHeight: 480)
        #expect(mae.width == 341 && mae.height == 256)
        #expect(mae.crop == PixelRect(columns: 58..<282, rows: 16..<240))
        let timm = try RecipeGeometry(try Recipe(.timm, height: 224, width: 224), imageWidth: 480, imageHeight: 640)
        #expect(timm.width == 248 && timm.height == 330)
        let large = try RecipeGeometry(try Recipe(.mae, height: 448, width: 448), imageWidth: 640, imageHeight: 480)
        #expect(large.height == 448)
    }

    @Test("a thin image costs no more than its crop")
    func thinImage() throws {
        let image = PixelImage(width: 1, height: 60_000, channels: 1, pixels: Array(repeating: 90, count: 60_000))
        let prepared = try Recipe(.mae, height: 224, width: 224).apply(to: image)
        #expect(prepared.pixels == Array(repeating: 90, count: 224 * 224 * 3))
    }

    @Test("a recipe of more channels than images have is refused")
    func channels() throws {
        let five = [Float](repeating: 0.5, count: 5)
        let recipe = try Recipe(.hf, height: 8, width: 8, mean: five, std: five)
        let encoded = try Fixtures.bytes("1x1.png")
        let error = #expect(throws: ImageError.self) { try recipe.prepare(encoded) }
        #expect(error?.kind == .unsupported)
    }
}
