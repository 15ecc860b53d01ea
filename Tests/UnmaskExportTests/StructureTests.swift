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
            let isTransposed = own[id].name.contains("blocks") && tensor.shape.count == 2
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
