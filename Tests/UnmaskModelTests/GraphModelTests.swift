import Foundation
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
    private static func stripped(_ model: Model, to names: [String]) throws -> Model {
        let whole = try model.graph(pixels: .normalised)
        var graph = try #require(whole.pruned(to: names))
        let outputs = graph.outputs
        graph.removeOutputs()
        for (index, output) in outputs.enumerated() { graph.addOutput("output\(index)", output.value) }
        var facts = GraphModel.Facts()
        facts.preparation = ResolvedRecipe(recipe: model.recipe, origins: [], notes: [])
        let stripped = try GraphModel(
            graph, document: nil, tensors: [:], identity: "stripped", facts, file: "stripped")
        return Model(.graph(stripped), name: "stripped")
    }

    /// A file of the model, of which one tensor is asked for by name.
    private static func tapped(_ model: Model, output: String) throws -> Model {
        let path = NSTemporaryDirectory() + "tapped-\(UUID().uuidString).safetensors"
        defer { unlink(path) }
        try model.write(to: path)
        return try Model.load(path, options: ModelLoadOptions(output: output))
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

    @Test func anyTensorOfACheckpointCanBeTheOutput() throws {
        let checkpoint = try Model.synthetic(Self.configuration, name: "checkpoint")
        let engine = try Engine(threads: 1)
        let images = Self.images(2)
        let inside = try Self.tapped(checkpoint, output: "blocks.1.mlp.fc1")
        #expect(inside.interface.width == 320)
        #expect(inside.interface.poolings == [.cls, .mean, .tokens, .output])
        #expect(try inside.hash != checkpoint.hash)
        let session = try ModelSession(inside, engine: engine)
        let whole = try session.embed(images, options: EmbeddingOptions(pooling: .output))
        #expect(whole[0].shape == [25, 320])
        #expect(try session.embed(images).map(\.values) == whole.map { Array($0.values.prefix(320)) })
        // The tap that ParityTests compares with PyTorch, masked too.
        let block = try ModelSession(Self.tapped(checkpoint, output: "blocks.1"), engine: engine)
        let own = try ModelSession(checkpoint, engine: engine)
        let masks = try (0..<2).map { try Mask.random(patches: 24, ratio: 0.5, seed: UInt64($0)) }
        for masks in [nil, masks] {
            let found = try block.embed(images, masks: masks).map(\.values)
            #expect(
                try found
                    == own.embed(images, options: EmbeddingOptions(pooling: .cls, block: 1), masks: masks)
                    .map(\.values))
        }
    }

    @Test func whatIsNotThereIsRefusedWithWhatThereIs() throws {
        let checkpoint = try Model.synthetic(Self.configuration, name: "checkpoint")
        let error = #expect(throws: ModelError.self) { try Self.tapped(checkpoint, output: "nowhere") }
        #expect(error?.type == "output_unknown")
        #expect(error?.description.contains("logits [B, 7]") == true)
        let graph = try Self.stripped(checkpoint, to: ["norm"])
        let session = try ModelSession(graph, engine: Engine(threads: 1))
        #expect(throws: ModelError.self) { try session.classify(Self.images(1)) }
        #expect(throws: ModelError.self) {
            try session.embed(Self.images(1), options: EmbeddingOptions(pooling: .output))
        }
    }
}
