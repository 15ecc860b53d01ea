import Foundation
import UnmaskImage
import UnmaskModel
import UnmaskONNX
import UnmaskRuntime
import UnmaskService
import UnmaskWeights

/// A folder for whoever puts an exported file into a program of theirs: the file, its labels, how images are prepared in
/// plain JSON, a picture with the answer that is expected for it, and programs of some lines in Python, C++ and JavaScript
/// that come to that answer.
struct ExportKit {
    let model: Model
    /// What the file has.
    let options: ModelExportOptions
    let engine: Engine

    static let modelName = "model.onnx"
    /// What the programs ask of the cosine between their answer and the one expected.
    private static let cosine: [ExportPrecision: Double] = [
        .fp32: 0.9999, .fp16: 0.999, .int8: 0.99, .int8Weights: 0.99, .int4Weights: 0.95,
    ]

    /// Throws where no kit can be made of what is asked for.
    static func check(_ options: ModelExportOptions, _ recipe: Recipe) throws {
        guard options.part != .mae else {
            throw ModelError.invalidRequest(
                "--kit: an autoencoder takes identifiers of patches beside the picture; export --part encoder")
        }
        guard [nil, 1].contains(options.batch) else {
            throw ModelError.invalidRequest("--kit: its programs run one picture; give --batch 1 or dynamic")
        }
        guard [1, 3].contains(recipe.channels) else {
            throw ModelError.invalidRequest("--kit: pictures of \(recipe.channels) channels have no file format")
        }
    }

    /// Writes everything but the model into the folder where it stands.
    func write(to folder: String) throws {
        try ExportKit.check(options, model.recipe)
        let picture = try picture
        func save(_ text: String, _ name: String) throws { try AtomicFile.save(text.utf8, as: "\(folder)/\(name)") }
        try picture.source.writePNG(to: "\(folder)/golden.png")
        try AtomicFile.save(Self.portable(picture.prepared), as: "\(folder)/golden.ppm")
        let samples = try SampleImages(
            "\(folder)/golden.png", model: model, most: 1, keepingSources: options.preprocesses)
        let batch = try VerificationReference(model, options, engine: engine).batches(samples, of: 1)[0]
        guard let (output, expected) = batch.expected.first, let input = batch.inputs[ModelGraph.pixels] else {
            throw ModelError.runtime("the model gives nothing for the golden picture")
        }
        let description = KitDescription(
            recipe: model.recipe, options: options, shape: input.shape, output: output,
            isClassifier: !model.labels.isEmpty)
        try save(description.json, "preprocessing.json")
        let cosine = Self.cosine[options.precision] ?? 0.99
        try save(
            jsonLine { line in
                line.field("output", output)
                line.field("cosine", cosine)
                line.key("values")
                line.array(of: expected.values) { $0.value($1) }
            } + "\n", "expected.json")
        if !model.labels.isEmpty, options.part == .classifier {
            try save(model.labels.joined(separator: "\n") + "\n", "labels.txt")
        }
        try save(expected.values.map { "\($0)\n" }.joined(), "expected.txt")
        try save(KitPrograms.python, "run.py")
        try save(KitPrograms.cplusplus(description, cosine: cosine), "run.cpp")
        try save(KitPrograms.javascript(description, cosine: cosine), "run.mjs")
    }

    /// The picture as it is decoded, and as the file takes it.
    private var picture: (source: PixelImage, prepared: PixelImage) {
        get throws {
            let recipe = model.recipe
            let source = options.sourceSize ?? [240, 320]
            let picture = GoldenImage.pattern(width: source[1], height: source[0], channels: recipe.channels)
            return (picture, options.preprocesses ? picture : try recipe.prepare(picture.pngData()))
        }
    }

    /// A picture as PGM or PPM, which takes three lines to read.
    private static func portable(_ image: PixelImage) -> [UInt8] {
        Array("\(image.channels == 1 ? "P5" : "P6")\n\(image.width) \(image.height)\n255\n".utf8) + image.pixels
    }
}
