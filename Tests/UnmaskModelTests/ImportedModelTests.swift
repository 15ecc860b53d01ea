import Foundation
import Testing
import UnmaskImage
import UnmaskONNX
import UnmaskRuntime

@testable import UnmaskModel

/// ONNX files as models: what `unmask export` wrote, and what torch's exporters wrote for other libraries' models.
@Suite struct ImportedModelTests {
    // MARK: Own exports

    struct Own: Sendable, CustomTestStringConvertible {
        let checkpoint: String
        let part: ModelPart
        var pooling: Pooling?
        var isWhole = true

        var testDescription: String { "\(checkpoint) \(part.rawValue)" }

        static let all = [
            Own(checkpoint: "tiny-hf-mae", part: .mae), Own(checkpoint: "tiny-hf-vit", part: .classifier),
            Own(checkpoint: "tiny-timm-avg", part: .classifier),
            Own(checkpoint: "tiny-hf-mae", part: .encoder, pooling: .mean, isWhole: false),
            Own(checkpoint: "tiny-hf-vit", part: .encoder, pooling: .tokens, isWhole: false),
        ]
    }

    @Test("a model that went out as ONNX comes back as itself", arguments: Own.all, [11, 17, 23])
    func comesBack(own: Own, opset: Int) throws {
        let model = try Model.load(
            Fixture.root + "/checkpoints/" + own.checkpoint, options: ModelLoadOptions(heads: 4, decoderHeads: 4))
        let file = try TemporaryFile()
        let options = ModelExportOptions(part: own.part, pooling: own.pooling, opset: opset)
        try model.onnx(options, producerVersion: "test").write(to: file.path, externalData: .automatic)
        let again = try Model.load(file.path)

        let configuration = try #require(again.configuration)
        #expect(again.recipe == model.recipe)
        #expect(again.notes == [])
        #expect(again.imported?.opsets["ai.onnx"] == opset)
        if own.isWhole {
            #expect(configuration == model.configuration)
        }
        let engine = try Engine(threads: 1)
        let (a, b) = (try ModelSession(model, engine: engine), try ModelSession(again, engine: engine))
        let images = (0..<3).map { Self.image(model.recipe, $0) }
        let masks = try (0..<3).map { try Mask.random(patches: model.interface.patches, ratio: 0.5, seed: $0) }
        for masks in [nil, masks] {
            let pooling = EmbeddingOptions(pooling: own.pooling ?? .cls)
            #expect(
                try b.embed(images, options: pooling, masks: masks).map(\.values)
                    == a.embed(images, options: pooling, masks: masks).map(\.values))
        }
        if own.part == .classifier { #expect(try b.classify(images) == a.classify(images)) }
        if own.part == .mae {
            #expect(
                try b.reconstruct(images, masks: masks).map(\.prediction)
                    == a.reconstruct(images, masks: masks).map(\.prediction))
        }
    }

    @Test func aFixedBatchRunsImageByImage() throws {
        let model = try Model.load(Fixture.root + "/checkpoints/tiny-hf-vit")
        let file = try TemporaryFile()
        for batch in [1, 3] {
            let options = ModelExportOptions(part: .classifier, opset: 17, batch: batch)
            try model.onnx(options, producerVersion: "test").write(to: file.path, externalData: .automatic)
            // Asked for a value inside, the file stays a graph, and its batch fixed.
            let fixed = try Model.load(file.path, options: ModelLoadOptions(output: "logits"))
            #expect(fixed.interface.fixedBatch == batch)
            let engine = try Engine(threads: 1)
            let images = (0..<5).map { Self.image(model.recipe, $0) }
            let found = try ModelSession(fixed, engine: engine).embed(images)
            let session = try ModelSession(model, engine: engine, maximumBatch: 5)
            let probabilities = try session.classify(images, topK: 1)
            #expect(found.count == 5)
            for (vector, best) in zip(found, probabilities) {
                let top = vector.values.indices.max { vector.values[$0] < vector.values[$1] }
                #expect(top == best[0].index)
            }
        }
    }

    // MARK: Other libraries' models

    /// Those of Tests/Oracles/onnx/make_foreign.py, and whether they are Vision Transformers of the usual kind.
    static let foreign = [
        ("hf-vit-sdpa-script-14", true), ("hf-dinov2-sdpa-script-14", true),
        ("timm-avg-sdpa-script-14", true), ("hf-clip-sdpa-dynamo-18", false), ("hf-siglip-eager-script-17", false),
        ("hf-siglip-sdpa-dynamo-20", false), ("hf-dinov2-registers-eager-script-17", false),
        ("timm-qk-norm-eager-dynamo-20", false), ("timm-siglip-sdpa-script-17", false),
    ]

    private struct Answers: Decodable {
        struct Array: Decodable {
            let name: String
            let shape: [Int]
        }
        let inputs: [Array]
        let outputs: [Array]
    }

    @Test("each output of another library's model is onnxruntime's", arguments: foreign)
    func foreignOutputs(name: String, isTransformer: Bool) throws {
        let stem = Fixture.foreign + "/" + name
        let answers = try JSONDecoder().decode(
            Answers.self, from: Data(contentsOf: URL(fileURLWithPath: stem + ".json")))
        let plain = try Model.load(stem + ".onnx")
        #expect((plain.configuration != nil) == isTransformer)
        #expect(plain.notes.contains { $0.contains("--recipe") })
        #expect(!plain.interface.poolings.isEmpty || plain.hasHead)

        let bytes = try Data(contentsOf: URL(fileURLWithPath: stem + ".f32"))
        var numbers = bytes.withUnsafeBytes { bytes in
            (0..<bytes.count / 4).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
        }[...]
        func next(_ shape: [Int]) -> [Float] {
            defer { numbers = numbers.dropFirst(shape.reduce(1, *)) }
            return Array(numbers.prefix(shape.reduce(1, *)))
        }
        let inputs = answers.inputs.map { next($0.shape) }
        let batch = answers.inputs[0].shape[0]
        let engine = try Engine(threads: 1)
        for output in answers.outputs {
            let expected = next(output.shape)
            let model = try Model.load(stem + ".onnx", options: ModelLoadOptions(output: output.name))
            let session = try ModelSession(
                model, engine: engine, maximumBatch: batch, disabledPasses: [], pixels: .normalised)
            let masks = Array(repeating: Mask.none(patches: model.interface.patches), count: batch)
            let found = try session.forward(
                .f32(inputs[0]), masks: masks, kept: masks[0].kept, outputs: ["output"])["output"]
            let answer = try #require(found)
            #expect(answer.shape == output.shape)
            let distance = Distance(answer.values, expected)
            #expect(distance.relative < 1e-4, "\(output.name): \(distance)")
            guard plain.interface.classes == output.shape.last, output.shape.count == 2 else { continue }
            let whole = try ModelSession(
                plain, engine: engine, maximumBatch: batch, disabledPasses: [], pixels: .normalised)
            let all = Array(repeating: Mask.none(patches: plain.interface.patches), count: batch)
            let logits = try whole.forward(.f32(inputs[0]), masks: all, kept: all[0].kept, outputs: ["logits"])
            #expect(Distance(try #require(logits["logits"]).values, expected).relative < 1e-4)
        }
    }

    @Test("kept as a checkpoint of Unmask's own, to the bit", arguments: foreign)
    func foreignConverted(name: String, isTransformer: Bool) throws {
        let model = try Model.load(
            Fixture.foreign + "/" + name + ".onnx", options: ModelLoadOptions(recipe: RecipeOptions(.name(.hf))))
        let file = try TemporaryFile(".safetensors")
        try model.write(to: file.path)
        let again = try Model.load(file.path)
        #expect(try again.hash == model.hash)
        #expect(again.interface == model.interface)
        let engine = try Engine(threads: 1)
        let (a, b) = (try ModelSession(model, engine: engine), try ModelSession(again, engine: engine))
        let images = (0..<2).map { Self.image(model.recipe, $0) }
        for pooling in model.interface.poolings {
            let options = EmbeddingOptions(pooling: pooling)
            #expect(
                try b.embed(images, options: options).map(\.values) == a.embed(images, options: options).map(\.values))
        }
        if model.hasHead { #expect(try b.classify(images) == a.classify(images)) }
        for type in [StorageType.f16, .bf16] {
            try model.write(to: file.path, as: type)
            let half = try ModelSession(Model.load(file.path), engine: engine)
            let (exact, rounded) = (try a.embed(images)[0].values, try half.embed(images)[0].values)
            #expect(Distance(rounded, exact).relative < (type == .f16 ? 0.02 : 0.2))
        }
    }

    // MARK: What is refused

    private func refusal(_ path: String, output: String? = nil) -> ModelError? {
        do throws(ModelError) {
            _ = try Model.load(path, options: ModelLoadOptions(output: output))
            return nil
        } catch {
            return error
        }
    }

    @Test func inputsThatMeanNothingHereAreNamed() throws {
        let error = try #require(refusal(Fixture.foreign + "/hf-mae-sdpa-script-17.onnx"))
        #expect(error.type == "model_unsupported")
        #expect(error.description.contains("“noise” [B, "))
    }

    @Test func theContentsDecideAndDamageIsNamed() throws {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: Fixture.foreign + "/hf-vit-sdpa-script-14.onnx"))
        let file = try TemporaryFile(".weights")
        try bytes.write(to: URL(fileURLWithPath: file.path))
        #expect(try Model.load(file.path).configuration != nil)
        let damaged = try TemporaryFile(".onnx")
        try bytes.prefix(bytes.count - 100).write(to: URL(fileURLWithPath: damaged.path))
        #expect(refusal(damaged.path)?.type == "onnx_malformed")
    }

    /// Tests/Oracles/onnx/make_networks.py made these.
    @Test func aReaderOfTextRunsRightOrIsRefused() throws {
        let stem = Fixture.root + "/networks/reader-cnn"
        let nowhere = try #require(refusal(stem + ".onnx"))
        #expect(nowhere.type == "output_unknown")
        #expect(nowhere.description.contains("columns [B, 12, 11]"))
        let model = try Model.load(stem + ".onnx", options: ModelLoadOptions(output: "columns"))
        #expect(model.interface.channels == 1 && model.interface.imageSize == [16, 48])
        let bytes = try Data(contentsOf: URL(fileURLWithPath: stem + ".f32"))
        let numbers = bytes.withUnsafeBytes { bytes in
            (0..<bytes.count / 4).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
        }
        let session = try ModelSession(
            model, engine: Engine(threads: 1), maximumBatch: 2, disabledPasses: [], pixels: .normalised)
        let count = 2 * 16 * 48
        let masks = Array(repeating: Mask.none(patches: model.interface.patches), count: 2)
        let found = try session.forward(
            .f32(Array(numbers[..<count])), masks: masks, kept: model.interface.patches, outputs: ["output"])["output"]
        #expect(try #require(found).shape == [2, 12, 11])
        #expect(Distance(try #require(found).values, Array(numbers[count...])).relative < 1e-4)

        let recurrent = try #require(refusal(Fixture.root + "/networks/reader-lstm.onnx"))
        #expect(recurrent.type == "onnx_operators_unsupported")
        #expect(recurrent.description.contains("LSTM (opset 17)"))
    }

    @Test func aSizeThatAGraphWasNotMadeForIsRefused() throws {
        let siglip = Fixture.foreign + "/hf-siglip-eager-script-17.onnx"
        #expect(throws: ModelError.self) { try Model.load(siglip, options: ModelLoadOptions(imageSize: [64, 64])) }
        // Of a Vision Transformer, position embeddings are interpolated.
        let vit = Fixture.foreign + "/hf-vit-sdpa-script-14.onnx"
        #expect(try Model.load(vit, options: ModelLoadOptions(imageSize: [64, 64])).interface.imageSize == [64, 64])
    }

    private static func image(_ recipe: Recipe, _ seed: Int) -> PixelImage {
        let count = recipe.height * recipe.width * recipe.channels
        return PixelImage(
            width: recipe.width, height: recipe.height, channels: recipe.channels,
            pixels: (0..<count).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761 >> 7) ^ seed &* 37) })
    }
}
