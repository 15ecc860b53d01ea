import Foundation
import Testing
import UnmaskGraph
import UnmaskImage
import UnmaskRuntime

@testable import UnmaskModel

/// What an imported graph is taken to give: the file's own answer, and nothing from before its first weights.
@Suite struct ImportedEndsTests {
    private static let configuration = ModelConfiguration(
        imageSize: [16, 16], patchSize: 8, channels: 3, width: 24, depth: 1, heads: 2)

    /// A Vision Transformer with a projection behind its CLS token, whose output has that name.
    private static func projected(_ name: String, width: Int, extra: [VectorTail.Step] = []) throws -> Graph {
        var configuration = Self.configuration
        configuration.vector = VectorTail(pooling: .cls, steps: [.linear(width: width)] + extra)
        let model = try Model.synthetic(configuration, name: "projected")
        let whole = try model.graph(pixels: .normalised)
        var graph = try #require(whole.pruned(to: ["output"]))
        let vector = graph.outputs[0].value
        graph.removeOutputs()
        graph.addOutput(name, vector)
        return graph
    }

    private static func ends(_ graph: Graph, labels: [String] = [], part: ModelPart? = nil) throws -> GraphEnds {
        var facts = GraphModel.Facts()
        (facts.labels, facts.part) = (labels, part)
        return GraphEnds.found(in: graph, try GraphInputs(of: graph, file: "test"), facts)
    }

    @Test func aNamedProjectionIsNoHead() throws {
        for name in ["embedding", "image_features", "pooled", "proj"] {
            let ends = try Self.ends(Self.projected(name, width: 64))
            #expect(ends.vector != nil && ends.logits == nil, "\(name)")
            #expect(ends.report.chosen.contains { $0.end == "vector" && $0.evidence == "its name" })
        }
        for name in ["logits", "class_scores"] {
            #expect(try Self.ends(Self.projected(name, width: 64)).logits != nil, "\(name)")
        }
        // What the file says itself comes before its name.
        let graph = try Self.projected("embedding", width: 64)
        #expect(try Self.ends(graph, part: .classifier).logits != nil)
        #expect(try Self.ends(graph, labels: (0..<64).map { "\($0)" }).logits != nil)
        #expect(try Self.ends(Self.projected("logits", width: 64), part: .encoder).vector != nil)
    }

    @Test(
        "a recognised transformer gives the file's own vector",
        arguments: [
            [], [VectorTail.Step.tanh], [.gelu(.erf), .linear(width: 12)], [.unitLength],
            [.layerNorm(epsilon: 1e-5), .relu],
        ] as [[VectorTail.Step]])
    func recognisedWithItsVector(extra: [VectorTail.Step]) throws {
        let graph = try Self.projected("embedding", width: 20, extra: extra)
        let inputs = try GraphInputs(of: graph, file: "test")
        let ends = try Self.ends(graph)
        let read = try #require(TransformerReader.read(graph, pixels: inputs.pixels, vector: ends.vector))
        #expect(read.configuration.vector == VectorTail(pooling: .cls, steps: [.linear(width: 20)] + extra))
        #expect(read.configuration.classes == 0)
        let interface = ModelInterface(read.configuration)
        #expect(interface.pooling == .output)
        #expect(interface.poolings == [.cls, .mean, .tokens, .output])
        let recipe = try Recipe(.squash, height: 16, width: 16)
        let checkpoint = Checkpoint(
            configuration: read.configuration,
            preparation: ResolvedRecipe(recipe: recipe, origins: [], notes: []), labels: [], tensors: read.tensors)
        let again = try Session(
            ModelSource.checkpoint(checkpoint).build(pixels: .normalised), engine: Engine(threads: 1))
        let own = try Session(graph, engine: Engine(threads: 1))
        let pixels = (0..<3 * 256).map { Float($0 % 17) / 8 - 1 }
        let feeds: [String: InputArray] = ["pixels": .f32(pixels), "ids_keep": .i32([0, 1, 2, 3])]
        let bindings = ["B": 1, "K": 4]
        let expected = try own.run(feeds, bindings: bindings, outputs: ["embedding"])["embedding"]?.values
        #expect(try again.run(feeds, bindings: bindings, outputs: ["output"])["output"]?.values == expected)
    }

    @Test func nothingBeforeTheFirstWeightsIsAnEnd() throws {
        // Images are scaled, shrunk by products, and only then cut into patches.
        var graph = Graph()
        let pixels = graph.addInput("image", [.symbol("B"), 3, 32, 32], .f32)
        let scale = graph.addConstant("std", Tensor([2, 2, 2], shape: [3, 1, 1]))
        let scaled = try graph.add(.binary(.divide), named: "scaled", [pixels, scale], outputs: ["scaled"])[0]
        let columns = graph.addConstant("columns", Tensor(Array(repeating: 1 / 32, count: 32 * 16), shape: [32, 16]))
        let narrow = try graph.add(.matMul, named: "narrow", [scaled, columns], outputs: ["narrow"])[0]
        let rows = graph.addConstant("rows", Tensor(Array(repeating: 1 / 32, count: 16 * 32), shape: [16, 32]))
        let small = try graph.add(.matMul, named: "small", [rows, narrow], outputs: ["small"])[0]
        let kernels = graph.addConstant(
            "kernels", Tensor(Array(repeating: 0.1, count: 8 * 3 * 16), shape: [8, 3, 4, 4]))
        let window = Window(size: [4, 4], strides: [4, 4])
        let map = try graph.add(
            .convolution(Convolution(window: window)), named: "map", [small, kernels], outputs: ["map"])[0]
        graph.addOutput("small", small)
        graph.addOutput("map", map)
        graph.raise()
        let ends = try Self.ends(graph)
        #expect(ends.map?.value == graph.output(named: "map"))
        #expect(ends.report.passedOver.contains { $0.value.hasPrefix("small") && $0.reason.contains("first learned") })
        #expect(!ends.report.chosen.contains { $0.value.hasPrefix("small") || $0.value.hasPrefix("scaled") })
    }
}
