import Foundation
import Testing
import UnmaskGraph
import UnmaskImage
import UnmaskWeights

@testable import UnmaskModel

/// Graphs as JSON beside their tensors: what is written is read back, and nothing that does not fit is.
@Suite struct GraphDocumentTests {
    /// A small convolutional classifier of elementary operations.
    static func network() throws -> Graph {
        var g = Graph()
        func weights(_ name: String, _ shape: [Int]) -> ValueID {
            let count = shape.reduce(1, *)
            let values = (0..<count).map { Float(($0 &* 2_654_435_761 >> 9) % 17 - 8) / Float(4 + count / shape[0]) }
            return g.addConstant(name, Tensor(values, shape: shape))
        }
        let pixels = g.addInput("image", [.symbol("B"), 3, 16, 24], .f32)
        var window = Window(size: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1])
        var x = try g.add(
            .convolution(Convolution(window: window)), named: "stem",
            [pixels, weights("stem.weight", [8, 3, 3, 3]), weights("stem.bias", [8])], outputs: ["stem"])[0]
        x = try g.add(.unary(.relu), named: "relu", [x], outputs: ["relu"])[0]
        window.strides = [1, 1]
        x = try g.add(
            .convolution(Convolution(window: window, groups: 8)), named: "depthwise",
            [x, weights("depthwise.weight", [8, 1, 3, 3]), nil], outputs: ["depthwise"])[0]
        x = try g.add(.unary(.leakyRelu(alpha: 0.1)), named: "leaky", [x], outputs: ["features"])[0]
        x = try g.add(.globalPool(.average), named: "pool", [x], outputs: ["pool"])[0]
        x = try g.add(.flatten(axis: 1), named: "flat", [x], outputs: ["flat"])[0]
        x = try g.add(
            .gemm(alpha: 1, beta: 1, transposeA: false, transposeB: true), named: "classifier",
            [x, weights("fc.weight", [5, 8]), weights("fc.bias", [5])], outputs: ["scores"])[0]
        g.addOutput("scores", x)
        return g
    }

    static func model(output: String? = nil) throws -> Model {
        let graph = try network()
        var facts = GraphModel.Facts()
        facts.preparation = try ResolvedRecipe(RecipeOptions(.name(.squash)), imageSize: [16, 24], channels: 3)
        facts.labels = ["a", "b", "c", "d", "e"]
        facts.licence = "CC0-1.0"
        facts.output = output
        return Model(.graph(try GraphModel(graph, facts, file: "network")), name: "network")
    }

    @Test func aConvolutionalNetworkHasItsEnds() throws {
        let model = try Self.model()
        #expect(model.configuration == nil)
        #expect(model.interface.imageSize == [16, 24])
        #expect(model.interface.classes == 5)
        // The map before pooling: 8 channels at half the size.
        #expect(model.interface.grid == [8, 12])
        #expect(model.interface.poolings == [.mean, .tokens])
        #expect(model.interface.width == 8)
        #expect(!model.interface.takesMasks)
    }

    @Test func whatIsWrittenIsRead() throws {
        let path = NSTemporaryDirectory() + "graph-\(UUID().uuidString).safetensors"
        defer { unlink(path) }
        for output in [nil, "relu"] {
            let model = try Self.model(output: output)
            try model.write(to: path)
            let read = try Model.load(path)
            #expect(try read.hash == model.hash)
            #expect(read.interface == model.interface)
            #expect(read.labels == model.labels && read.licence == "CC0-1.0" && read.recipe == model.recipe)
            let (a, b) = (try model.graph(), try read.graph())
            #expect(a.nodes.map(\.op) == b.nodes.map(\.op))
            #expect(a.outputs.map(\.name) == b.outputs.map(\.name))
        }
        let model = try Self.model()
        try model.write(to: path, as: .f16)
        let half = try Model.load(path)
        #expect(try half.hash != model.hash)
        #expect(Set(half.storage) == [.f16, .f32])
    }

    /// Every number of the document, one at a time, as every other number that could mean something.
    @Test func noNumberOfADocumentIsTrusted() throws {
        let (document, tensors) = try GraphDocument.make(of: Self.network())
        let json = OwnLayout.encode(document)
        let numbers = json.matches(of: /-?[0-9]+/)
        #expect(numbers.count > 40)
        var refused = 0
        for number in numbers {
            for value in ["-1", "0", "1", "3", "7", "99", "4611686018427387904"] where value != number.0 {
                let mutated = json.replacingCharacters(in: number.range, with: value)
                guard let read = try? JSONDecoder().decode(GraphDocument.self, from: Data(mutated.utf8)) else {
                    refused += 1
                    continue
                }
                do throws(ModelError) {
                    let graph = try read.graph(tensors: tensors, file: "mutated")
                    var facts = GraphModel.Facts()
                    facts.preparation = try ResolvedRecipe(
                        RecipeOptions(.name(.squash)), imageSize: [16, 24], channels: 3)
                    _ = try GraphModel(graph, facts, file: "mutated").build(pixels: .bytes)
                } catch {
                    refused += 1
                }
            }
        }
        #expect(refused > numbers.count)
    }
}
