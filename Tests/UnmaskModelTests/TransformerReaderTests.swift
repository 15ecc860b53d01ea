import Testing
import UnmaskGraph

@testable import UnmaskModel

/// What the builder builds, the reader reads back: configuration and parameters.
@Suite struct TransformerReaderTests {
    private static let configurations = [
        ModelConfiguration(imageSize: [24, 36], patchSize: 6, width: 80, depth: 3, heads: 5),
        ModelConfiguration(
            imageSize: [16, 16], patchSize: 8, channels: 1, width: 32, depth: 1, heads: 2, mlpWidth: 40,
            normEpsilon: 1e-12, gelu: .tanh, qkvBias: false, pooling: .mean, classes: 7),
        ModelConfiguration(
            imageSize: [16, 16], patchSize: 8, width: 32, depth: 2, heads: 2, finalNorm: false, fcNorm: true,
            pooling: .mean, classes: 3),
        ModelConfiguration(imageSize: [16, 16], patchSize: 8, width: 32, depth: 2, heads: 2, classes: 3),
        ModelConfiguration(
            imageSize: [16, 32], patchSize: 8, width: 32, depth: 2, heads: 4,
            decoder: DecoderConfiguration(width: 24, depth: 2, heads: 3, normPix: false)),
    ]

    @Test(arguments: configurations.indices)
    func readsWhatIsBuilt(index: Int) throws {
        let configuration = Self.configurations[index]
        let model = try Model.synthetic(configuration, name: "built")
        let graph = try model.graph(pixels: .normalised)
        let read = try #require(TransformerReader.read(graph, pixels: graph.inputs[0]))
        #expect(read.configuration == configuration)
        // The CLS token and its position come back as their sum.
        let checkpoint = Checkpoint(
            configuration: read.configuration,
            preparation: ResolvedRecipe(recipe: model.recipe, origins: [], notes: []), labels: [],
            tensors: read.tensors)
        let again = try ModelSource.checkpoint(checkpoint).build(pixels: .normalised)
        #expect(again.nodes.map(\.op) == graph.nodes.map(\.op))
        for (a, b) in zip(graph.nodes, again.nodes) {
            for (x, y) in zip(a.inputs, b.inputs) {
                guard let x, let y, let constant = graph.constants[x] else { continue }
                #expect(again.constants[y]?.floats() == constant.floats(), "\(a.name)")
            }
        }
    }

    @Test func whatAModelWouldNotGiveIsNotRead() throws {
        let model = try Model.synthetic(Self.configurations[0], name: "built")
        var graph = try model.graph(pixels: .normalised)
        let fc1 = try #require(graph.nodes.first { $0.name == "blocks.1.mlp.fc1" })
        graph.addOutput("inside", fc1.output)
        #expect(TransformerReader.read(graph, pixels: graph.inputs[0]) == nil)
        // Another order of the same operations is another model.
        var swapped = try model.graph(pixels: .normalised)
        let place = try #require(swapped.nodes.firstIndex { $0.name == "blocks.1.mlp.act" })
        swapped.nodes[place].op = .softmax
        #expect(TransformerReader.read(swapped, pixels: swapped.inputs[0]) == nil)
    }
}
