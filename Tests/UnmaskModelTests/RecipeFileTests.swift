import Foundation
import Testing
import UnmaskImage

@testable import UnmaskModel

/// What the JSON files of timm and transformers say, read into recipes. That the pixels are theirs is compared live, by
/// `Tests/Oracles/images/compare_recipes.py`.
@Suite("recipes from files")
struct RecipeFileTests {
    private static func resolve(
        _ json: String, imageSize: [Int] = [224, 224], _ options: RecipeOptions = RecipeOptions()
    ) throws -> ResolvedRecipe {
        let file = try TemporaryFile(".json")
        try Data(json.utf8).write(to: URL(fileURLWithPath: file.path))
        var options = options
        options.source = .file(file.path)
        return try ResolvedRecipe(options, imageSize: imageSize, channels: 3)
    }

    private static func refusal(_ json: String) throws -> String {
        let error = #expect(throws: ModelError.self) { try resolve(json) }
        return error?.description ?? ""
    }

    @Test(
        "each way to state a size",
        arguments: [
            (#"{"image_processor_type": "ViTImageProcessor", "size": 224}"#, Resize.squash(.fraction(1)), nil),
            (#"{"image_processor_type": "ViTFeatureExtractor", "size": [224, 224]}"#, .squash(.fraction(1)), nil),
            (#"{"image_processor_type": "ViTImageProcessorFast"}"#, .squash(.fraction(1)), nil),
            (
                #"{"image_processor_type": "CLIPImageProcessor", "size": 224, "crop_size": 224}"#, .shortest(224),
                Crop(.centerDown)
            ),
            (#"{"image_processor_type": "CLIPImageProcessor"}"#, .shortest(224), Crop(.centerDown)),
            (
                #"{"image_processor_type": "BitImageProcessor", "size": {"shortest_edge": 256}, "crop_size": {"height": 224, "width": 224}}"#,
                .shortest(256), Crop(.centerDown)
            ),
            (
                #"{"image_processor": {"image_processor_type": "DeiTImageProcessor"}}"#,
                .squash(.pixels(height: 256, width: 256)), Crop(.centerDown)
            ),
            (
                #"{"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 224}}"#,
                .cover(.fraction(0.875)), Crop(.centerDown)
            ),
            (
                #"{"image_processor_type": "ViTImageProcessor", "do_resize": false, "do_center_crop": true, "crop_size": 224}"#,
                Resize.none, Crop(.centerDown)
            ),
            (#"{"pretrained_cfg": {"input_size": [3, 224, 224], "crop_pct": 0.95}}"#, .cover(.fraction(0.95)), Crop()),
            (#"{"input_size": [3, 224, 224], "crop_mode": "squash", "crop_pct": 1.0}"#, .squash(.fraction(1)), nil),
            (
                #"{"input_size": [3, 224, 224], "crop_mode": "border", "crop_pct": 0.9, "mean": [0.5, 0.5, 0.5]}"#,
                .contain(.fraction(0.9)), Crop(padding: [128, 128, 128])
            ),
        ] as [(String, Resize, Crop?)])
    func sizes(json: String, resize: Resize, crop: Crop?) throws {
        let recipe = try Self.resolve(json).recipe
        #expect(recipe.resize == resize)
        #expect(recipe.crop == crop)
    }

    @Test("what is done with samples")
    func samples() throws {
        let plain = try Self.resolve(#"{"do_normalize": false}"#).recipe
        #expect(plain.mean == [0, 0, 0] && plain.std == [1, 1, 1] && plain.rescale == Recipe.unitRescale)
        let raw = try Self.resolve(#"{"do_rescale": false, "image_mean": 127.5, "image_std": 127.5}"#).recipe
        #expect(raw.rescale == 1 && raw.mean == [127.5, 127.5, 127.5])
        let shifted = try Self.resolve(#"{"rescale_factor": 0.00784313725490196, "rescale_offset": true}"#).recipe
        #expect(shifted.offset == -1 && shifted.rescale == 0.00784313725490196)
        #expect(try Self.resolve(#"{"do_flip_channel_order": true}"#).recipe.order == .bgr)
    }

    @Test("Pillow's numbers of the filters", arguments: [0, 1, 2, 3, 4, 5])
    func filters(number: Int) throws {
        let filters: [ResampleFilter] = [.nearest, .lanczos, .bilinear, .bicubic, .box, .hamming]
        #expect(try Self.resolve(#"{"resample": \#(number)}"#).recipe.filter == filters[number])
    }

    @Test(
        "what cannot be done is refused by name",
        arguments: [
            (#"{"do_pad": true}"#, "do_pad"), (#"{"do_thumbnail": true}"#, "do_thumbnail"),
            (#"{"resample": 6}"#, "resample"), (#"{"size": {"shortest_edge": 640, "longest_edge": 800}}"#, "size"),
            (#"{"size": {"max_height": 10, "max_width": 10}}"#, "size"), (#"{"do_resize": "yes"}"#, "do_resize"),
            (#"{"keep_aspect_ratio": true}"#, "keep_aspect_ratio"), (#"{"size_divisor": 32}"#, "size_divisor"),
            (#"{"image_processor_type": "SamImageProcessor"}"#, "SamImageProcessor"),
            (#"{"pretrained_cfg": {"interpolation": "random"}}"#, "interpolation"),
            (#"{"pretrained_cfg": {"crop_mode": "corner", "crop_pct": 1}}"#, "crop_mode"),
            (#"{"image_mean": "ImageNet"}"#, "image_mean"), (#"{"rescale_factor": "1/255"}"#, "rescale_factor"),
            (#"{"do_center_crop": true}"#, "crop_size"), (#"{"size": {"shortest_edge": 99999999}}"#, "99999999"),
        ])
    func refusals(json: String, named: String) throws {
        #expect(try Self.refusal(json).contains(named))
    }

    @Test("members that nobody knows are told")
    func unknownMembers() throws {
        #expect(try Self.resolve(#"{"colour_jitter": 3}"#).notes.contains { $0.contains("colour_jitter") })
        #expect(try Self.resolve(#"{"do_convert_rgb": true, "do_pad": null}"#).notes.allSatisfy { !$0.contains("do_") })
    }

    @Test("options replace single members, and say so")
    func overrides() throws {
        let json =
            #"{"pretrained_cfg": {"input_size": [3, 224, 224], "crop_pct": 0.95, "mean": [0.1, 0.2, 0.3], "std": [1, 1, 1]}}"#
        var options = RecipeOptions()
        options.mean = [0.5]
        options.filter = .lanczos
        options.cropFraction = 0.8
        let resolved = try Self.resolve(json, options)
        #expect(resolved.recipe.mean == [0.5, 0.5, 0.5] && resolved.recipe.std == [1, 1, 1])
        #expect(resolved.recipe.filter == .lanczos && resolved.recipe.resize == .cover(.fraction(0.8)))
        #expect(resolved.origins.contains(RecipeOrigin(member: "mean", source: "--mean")))
        #expect(resolved.origins.contains { $0.member == "std" && $0.source.hasSuffix(".json") })
        #expect(resolved.recipe.stamp != (try Self.resolve(json).recipe.stamp))
    }

    @Test("a recipe follows its model to another size as timm's does")
    func scaling() throws {
        let json =
            #"{"pretrained_cfg": {"input_size": [3, 224, 224], "crop_pct": 0.95, "test_input_size": [3, 288, 288], "test_crop_pct": 1.0}}"#
        #expect(try Self.resolve(json, imageSize: [384, 384]).recipe.resize == .cover(.fraction(0.95)))
        #expect(try Self.resolve(json, imageSize: [288, 288]).recipe.resize == .cover(.fraction(1)))
        let fixed = #"{"image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": 256}}"#
        let resolved = try Self.resolve(fixed, imageSize: [448, 448])
        #expect(resolved.recipe.resize == .shortest(512))
        #expect(resolved.notes.contains { $0.contains("--size 224x224") })
    }

    @Test("what nothing says is assumed by name, with what says otherwise")
    func assumptions() throws {
        let assumed = try ResolvedRecipe(RecipeOptions(), imageSize: [224, 224], channels: 3)
        #expect(assumed.recipe.name == .timm)
        let note = try #require(assumed.notes.first)
        for option in ["--recipe", "--mean", "--std", "--crop-pct", "--interpolation", "preprocessor_config.json"] {
            #expect(note.contains(option))
        }
        let one = try ResolvedRecipe(RecipeOptions(), imageSize: [28, 28], channels: 1)
        #expect(one.recipe.mean.count == 1)
    }

    @Test("Unmask's own form round-trips, and what it does not know is refused")
    func ownForm() throws {
        let recipe = try Recipe(
            resize: .contain(.pixels(height: 40, width: 60)), filter: .box, crop: Crop(.corner, padding: [1, 2, 3]),
            height: 32, width: 48, order: .bgr, rescale: 1, offset: -0.5, mean: [1, 2, 3], std: [4, 5, 6])
        let json = String(decoding: try JSONEncoder().encode(recipe), as: UTF8.self)
        #expect(try Self.resolve(json, imageSize: [32, 48]).recipe == recipe)
        let odd = json.replacing("\"filter\"", with: "\"antialias\":true,\"filter\"")
        #expect(throws: ModelError.self) { try Self.resolve(odd, imageSize: [32, 48]) }
    }
}
