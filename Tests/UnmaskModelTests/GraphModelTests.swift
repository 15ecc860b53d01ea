import Testing
import UnmaskGraph
import UnmaskImage
import UnmaskRuntime

@testable import UnmaskModel

/// A model known only as a graph gives what the same model gives as a checkpoint, to the bit.
@Suite struct GraphModelTests {
    private static let configuration = ModelConfiguration(
        imageSize: [24, 36], patchSize: 6, channels: 3, width: 80, depth: 3, heads: 5, classes: 7)

    private static func images(_ count: Int) -> [PixelImage] {
        (0..<count).map { image in
            PixelImage(
                width: 36, height: 24, channels: 3,
                pixels: (0..<36 * 24 * 3).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761 >> 7) ^ image * 37) })
        }
    }

    /// The checkpoint's own graph with nothing but these outputs, under names that say nothing.
    private static func stripped(_ model: Model, to names: [String], output: String? = nil) throws -> Model {
        let whole = try model.graph(pixels: .normalised)
        var graph = try #require(whole.pruned(to: names))
        let outputs = graph.outputs
        graph.removeOutputs()
        for (index, output) in outputs.enumerated() { graph.addOutput("output\(index)", output.value) }
        var facts = GraphModel.Facts()
        facts.recipe = model.recipe
        facts.output = output
        return Model(.graph(try GraphModel(Graph(), raised: graph, facts, file: "stripped")), name: "stripped")
    }

    @Test("found by shape", arguments: [["norm"], ["logits"], ["cls", "norm"], ["probabilities"]])
    func endsAreFoundByShape(outputs: [String]) throws {
        let checkpoint = try Model.synthetic(Self.configuration, name: "checkpoint")
        let graph = try Self.stripped(checkpoint, to: outputs)
        #expect(graph.interface.patches == 24)
        #expect(graph.interface.takesMasks)
        #expect(graph.interface.poolings == [.cls, .mean, .tokens] + (outputs.contains("cls") ? [.output] : []))
        #expect(graph.hasHead == !outputs.contains("norm"))
        let engine = try Engine(threads: 1)
        let (a, b) = (try ModelSession(checkpoint, engine: engine), try ModelSession(graph, engine: engine))
        let images = Self.images(3)
        let masks = try (0..<3).map { try Mask.random(patches: 24, ratio: 0.5, seed: UInt64($0)) }
        for pooling in [Pooling.cls, .mean, .tokens] {
            for masks in [nil, masks] {
                let options = EmbeddingOptions(pooling: pooling)
                let expected = try a.embed(images, options: options, masks: masks)
                let found = try b.embed(images, options: options, masks: masks)
                #expect(found.map(\.values) == expected.map(\.values), "\(pooling)")
                #expect(found.map(\.shape) == expected.map(\.shape), "\(pooling)")
            }
        }
        if graph.hasHead { #expect(try b.classify(images) == a.classify(images)) }
        if outputs.contains("cls") {
            #expect(graph.interface.pooling == .output)
            #expect(try b.embed(images).map(\.values) == a.embed(images).map(\.values))
        }
    }

    @Test func anyValueCanBeTheOutput() throws {
        let checkpoint = try Model.synthetic(Self.configuration, name: "checkpoint")
        let engine = try Engine(threads: 1)
        let images = Self.images(2)
        let named = try Self.stripped(checkpoint, to: ["logits"], output: "blocks.1.mlp.fc1")
        #expect(named.interface.width == 320)
        #expect(named.interface.poolings == [.cls, .mean, .tokens, .output])
        let session = try ModelSession(named, engine: engine)
        let cls = try session.embed(images)
        let whole = try session.embed(images, options: EmbeddingOptions(pooling: .output))
        #expect(whole[0].shape == [25, 320])
        #expect(cls.map(\.values) == whole.map { Array($0.values.prefix(320)) })
        // The same tensor as PyTorch's tap of the block would be: what the checkpoint's own graph computes there.
        let block = try ModelSession(
            Self.stripped(checkpoint, to: ["blocks.1", "logits"], output: "blocks.1.mlp.residual"), engine: engine)
        let planar = Self.images(1).map { Self.planar($0, checkpoint.recipe) }[0]
        let tapped = try ModelSession(
            checkpoint, engine: engine, maximumBatch: 1, disabledPasses: [], pixels: .normalised)
        let expected = try tapped.forward(
            .f32(planar), masks: [.none(patches: 24)], kept: 24, outputs: ["blocks.1"])["blocks.1"]
        let found = try block.embed(Self.images(1), options: EmbeddingOptions(pooling: .output))[0]
        #expect(Distance(found.values, try #require(expected).values).isClose)
    }

    @Test func whatIsNotThereIsRefusedWithWhatThereIs() throws {
        let checkpoint = try Model.synthetic(Self.configuration, name: "checkpoint")
        do {
            _ = try Self.stripped(checkpoint, to: ["logits"], output: "nowhere")
            Issue.record("an output that does not exist was found")
        } catch let error as ModelError {
            #expect(error.type == "output_unknown")
            #expect(error.description.contains("output0 [B, 7]"))
        }
        let graph = try Self.stripped(checkpoint, to: ["norm"])
        let session = try ModelSession(graph, engine: Engine(threads: 1))
        #expect(throws: ModelError.self) { try session.classify(Self.images(1)) }
        #expect(throws: ModelError.self) {
            try session.embed(Self.images(1), options: EmbeddingOptions(pooling: .output))
        }
    }

    private static func planar(_ image: PixelImage, _ recipe: Recipe) -> [Float] {
        (0..<3).flatMap { channel in
            (0..<image.width * image.height).map { pixel in
                let sample = Double(image.pixels[pixel * 3 + channel]) / 255
                return Float((sample - Double(recipe.mean[channel])) / Double(recipe.std[channel]))
            }
        }
    }
}
