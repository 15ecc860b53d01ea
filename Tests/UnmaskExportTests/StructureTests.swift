import Foundation
import Testing
import UnmaskModel

@testable import UnmaskONNX

/// What stands in an exported file.
@Suite struct StructureTests {
    private let test = ExportCase(model: "tiny-hf-vit", part: .classifier)

    @Test("operators are those of the operator set", arguments: Array(ONNXOpset.range))
    func operators(opset: Int) throws {
        let model = try test.load()
        let depth = try #require(model.configuration).depth
        let export = try model.onnx(test.options(opset: opset), producerVersion: "test")
        let counts = export.operatorCounts
        #expect(counts["LayerNormalization"] == (opset >= 17 ? 2 * depth + 1 : nil))
        #expect(counts["Gelu"] == (opset >= 20 ? depth : nil))
        #expect(counts["Attention"] == (opset >= 23 ? depth : nil))
        #expect(counts["Softmax"] == (opset >= 23 ? nil : depth))
        #expect(counts["Conv"] == 1)
        let message = try TemporaryModel(export).message()
        #expect(message.opsetImport.map(\.version) == [Int64(opset)])
        #expect(message.graph.node.allSatisfy { $0.domain.isEmpty })
    }

    /// github.com/onnx/onnx, docs/Versioning.md.
    @Test func irVersionsAreThoseThatCameWithTheOperatorSets() {
        let released = [
            11: 6, 12: 7, 13: 7, 14: 7, 15: 8, 16: 8, 17: 8, 18: 8, 19: 9, 20: 9, 21: 10, 22: 10, 23: 11,
        ]
        for (opset, version) in released { #expect(ONNXOpset.irVersion(for: opset) == version) }
    }

    @Test func namesAreTimms() throws {
        let file = try TemporaryModel(try test.load().onnx(test.options(opset: 17), producerVersion: "test"))
        let graph = try file.message().graph
        let names = Set(graph.initializer.map(\.name))
        for name in ["patch_embed.proj.weight", "blocks.1.attn.qkv.weight", "blocks.0.norm1.bias", "head.weight"] {
            #expect(names.contains(name), "\(name)")
        }
        let nodes = graph.node.map(\.name)
        #expect(Set(nodes).count == nodes.count)
        #expect(nodes.contains("blocks.1.mlp.fc2") || nodes.contains("blocks.1.mlp.fc2/product"))
        #expect(graph.output.map(\.name) == ["logits"])
        #expect(graph.input.map(\.name) == ["pixels"])
    }

    @Test("names are of characters that every reader takes", arguments: ExportCase.all)
    func names(test: ExportCase) throws {
        let model = try test.load()
        for opset in [11, 20, 23] {
            for precision in [ExportPrecision.fp32, .fp16] {
                let export = try model.onnx(test.options(opset: opset, precision: precision), producerVersion: "test")
                let graph = try TemporaryModel(export).message().graph
                let names =
                    graph.node.flatMap { [$0.name] + $0.output } + graph.initializer.map(\.name)
                    + graph.input.map(\.name) + graph.output.map(\.name)
                let odd = names.filter { $0.isEmpty || $0.contains { !Self.plain.contains($0) } }
                #expect(odd == [], "\(test) opset \(opset)")
                #expect(Set(graph.node.map(\.name)).count == graph.node.count)
            }
        }
    }

    private static let plain = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./-")

    /// The autoencoder of a fixed number of images and patches asks for no shape as it runs.
    @Test func fixedMasksNeedNoShapes() throws {
        let test = ExportCase(model: "tiny-hf-mae", part: .mae)
        let model = try test.load()
        var options = test.options(opset: 17, batch: 1)
        options.kept = 2
        let export = try model.onnx(options, producerVersion: "test")
        for op in ["Shape", "Expand", "ConstantOfShape"] { #expect(export.operatorCounts[op] == nil, "\(op)") }
        let graph = try TemporaryModel(export).message().graph
        #expect(
            graph.input.map(\.sizes) == [
                ["1", "3"] + model.interface.imageSize.map(String.init), ["1", "2"],
                ["1", "\(model.interface.patches)"],
            ])
        options.kept = model.interface.patches + 1
        #expect(throws: ModelError.self) { try model.onnx(options, producerVersion: "test") }
    }

    /// A bias on the grid of the sums, whose step is the activations' times the weights'.
    @Test func quantisedBiasesAreOnTheGridOfTheSums() throws {
        let model = try test.load()
        var options = test.options(opset: 13, precision: .int8)
        options.activationRanges = ["blocks.0.attn.qkv": -3...4]
        let graph = try TemporaryModel(try model.onnx(options, producerVersion: "test")).message().graph
        let tensors = Dictionary(uniqueKeysWithValues: graph.initializer.map { ($0.name, $0) })
        func numbers<T>(_ name: String, _: T.Type) throws -> [T] {
            try #require(tensors[name]).rawData.withUnsafeBytes { Array($0.bindMemory(to: T.self)) }
        }
        let (own, layer) = (try model.graph(pixels: .normalised), "blocks.0.attn.qkv")
        let bias = try #require(own.constants.first { own[$0.key].name == layer + ".bias" }?.value.floats())
        let levels = try numbers(layer + ".bias.quantised", Int32.self)
        let steps = try numbers(layer + ".bias.scale", Float.self)
        let (input, weights) = (
            try numbers(layer + ".input_scale", Float.self)[0], try numbers(layer + ".weight.scale", Float.self)
        )
        #expect(input == Float(7) / 255)
        for (place, number) in bias.enumerated() {
            #expect(steps[place] == weights[place] * input)
            #expect(abs(Float(levels[place]) * steps[place] - number) <= steps[place] * 0.51)
        }
        #expect(levels.contains { $0 != 0 })
    }

    @Test func batchIsOpenOrFixed() throws {
        let model = try test.load()
        let sides = model.interface.imageSize.map { "\($0)" }
        for (batch, first) in [(nil, "B"), (1, "1"), (5, "5")] as [(Int?, String)] {
            let export = try model.onnx(test.options(opset: 17, batch: batch), producerVersion: "test")
            let graph = try TemporaryModel(export).message().graph
            #expect(graph.input[0].sizes == [first, "3"] + sides)
            #expect(graph.output[0].sizes == [first, "\(model.interface.classes)"])
            #expect((export.operatorCounts["Shape"] == nil) == (batch != nil))
        }
    }

    @Test func metadataSayWhatTheModelIs() throws {
        let model = try test.load()
        let message = try TemporaryModel(try model.onnx(test.options(opset: 17), producerVersion: "1.2")).message()
        let metadata = Dictionary(uniqueKeysWithValues: message.metadataProps.map { ($0.key, $0.value) })
        #expect(try metadata[ONNXMetadata.hash] == model.hash)
        #expect(metadata[ONNXMetadata.part] == "classifier")
        let labels = try JSONDecoder().decode([String].self, from: Data((metadata[ONNXMetadata.labels] ?? "").utf8))
        #expect(labels == model.labels)
        #expect(metadata[ONNXMetadata.recipe]?.contains("\"name\"") == true)
        #expect(message.producerName == "unmask" && message.producerVersion == "1.2")
    }

    @Test func halfPrecisionKeepsItsEndsAndItsNormsInFloat32() throws {
        let export = try test.load().onnx(test.options(opset: 17, precision: .fp16), producerVersion: "test")
        let graph = try TemporaryModel(export).message().graph
        let float = Int32(TensorProto.DataType.float.rawValue), half = Int32(TensorProto.DataType.float16.rawValue)
        for end in graph.input + graph.output { #expect(end.type.tensorType.elemType == float) }
        for tensor in graph.initializer where tensor.name.hasSuffix(".weight") {
            #expect(tensor.dataType == (tensor.name.contains("norm") ? float : half), "\(tensor.name)")
        }
    }

    @Test func weightsAreThoseOfTheCheckpoint() throws {
        let model = try test.load()
        let export = try model.onnx(test.options(opset: 17), producerVersion: "test")
        let graph = try TemporaryModel(export).message().graph
        let own = try model.graph(pixels: .normalised)
        let initializers = Dictionary(uniqueKeysWithValues: graph.initializer.map { ($0.name, $0) })
        var compared = 0
        for (id, tensor) in own.constants {
            guard let written = initializers[own[id].name], own[id].name != "patch_embed.proj.weight" else { continue }
            let values = try #require(tensor.floats())
            let isTransposed = tensor.shape.count == 2 && own[id].name.hasSuffix(".weight")
            let (rows, columns) = isTransposed ? (tensor.shape[0], tensor.shape[1]) : (1, values.count)
            let expected = (0..<values.count).map { values[$0 % rows * columns + $0 / rows] }
            #expect(written.rawData == expected.withUnsafeBytes { Data($0) }, "\(own[id].name)")
            compared += 1
        }
        #expect(compared > 20)
    }

    @Test func whatExcludesItselfIsRefused() throws {
        let model = try test.load()
        #expect(throws: ModelError.self) { try model.onnx(test.options(opset: 10), producerVersion: "") }
        #expect(throws: ModelError.self) { try model.onnx(test.options(opset: 24), producerVersion: "") }
        #expect(throws: ModelError.self) {
            try model.onnx(test.options(opset: 12, precision: .int8), producerVersion: "")
        }
        #expect(throws: ModelError.self) {
            try model.onnx(ModelExportOptions(part: .classifier, opset: 17, preprocesses: true), producerVersion: "")
        }
        #expect(throws: ModelError.self) { try model.onnx(ModelExportOptions(part: .mae), producerVersion: "") }
    }
}

extension ValueInfoProto {
    /// Dimensions as text, numbers or names.
    fileprivate var sizes: [String] {
        type.tensorType.shape.dim.map { $0.dimParam.isEmpty ? "\($0.dimValue)" : $0.dimParam }
    }
}
