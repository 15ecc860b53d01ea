import Testing
import UnmaskGraph
import UnmaskModel
import UnmaskONNX
import UnmaskRuntime

/// A model that goes out as ONNX and comes back computes the same numbers, to the bit.
@Suite struct RoundTripTests {
    @Test("float32 keeps every bit at every opset", arguments: ExportCase.all)
    func bits(test: ExportCase) throws {
        let model = try test.load()
        let engine = try Engine(threads: 2)
        let own = try Session(try model.graph(pixels: .normalised), engine: engine)
        let sample = Sample(model, test)
        let expected = try own.run(sample.inputs, bindings: sample.bindings, outputs: [sample.output])
        let numbers = try #require(expected[sample.output])
        for opset in ONNXOpset.range {
            for batch in [nil, sample.batch] {
                let export = try model.onnx(test.options(opset: opset, batch: batch), producerVersion: "test")
                let file = try TemporaryModel(export)
                var graph = try file.graph()
                graph.raise()
                let label = "\(test) opset \(opset), batch \(batch.map(String.init) ?? "open")"
                #expect(primitives(graph, leading: sample.output) == [], "\(label)")
                let again = try Session(graph, engine: engine).run(
                    sample.inputs.filter { name, _ in graph.inputs.contains { graph[$0].name == name } },
                    bindings: sample.bindings, outputs: [sample.output])
                let found = try #require(again[sample.output])
                #expect(found.shape == numbers.shape, "\(label)")
                #expect(found.values.map(\.bitPattern) == numbers.values.map(\.bitPattern), "\(label)")
            }
        }
    }

    @Test func theMaskIsThatOfTheIdentifiers() throws {
        let test = ExportCase(model: "tiny-hf-mae", part: .mae)
        let model = try test.load()
        let sample = Sample(model, test)
        let engine = try Engine(threads: 2)
        for opset in ONNXOpset.range {
            let export = try model.onnx(test.options(opset: opset), producerVersion: "test")
            let file = try TemporaryModel(export)
            var graph = try file.graph()
            graph.raise()
            let found = try Session(graph, engine: engine).run(
                sample.inputs, bindings: sample.bindings, outputs: [ModelGraph.mask])
            #expect(found[ModelGraph.mask]?.values == sample.masks.flatMap { $0.removed.map(Float.init) })
        }
    }

    /// What the passes left as it came, of the nodes that an output needs.
    private func primitives(_ graph: Graph, leading output: String) -> [String] {
        (graph.pruned(to: [output])?.nodes ?? []).compactMap { node in
            if case .primitive = node.op { "\(node.op.name) \(node.name)" } else { nil }
        }
    }
}

/// Inputs of a part, and the output to compare.
private struct Sample {
    let batch = 2
    let masks: [Mask]
    let inputs: [String: InputArray]
    let bindings: [String: Int]
    let output: String

    init(_ model: Model, _ test: ExportCase) {
        let (patches, sides) = (model.interface.patches, model.interface.imageSize + [model.interface.channels])
        masks = (0..<batch).map { image in
            (test.part == .mae ? try? Mask.random(patches: patches, keeping: 0.3, seed: UInt64(image)) : nil)
                ?? Mask.none(patches: patches)
        }
        var state: UInt64 = 7
        let pixels = (0..<batch * sides.reduce(1, *)).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Float(Int32(truncatingIfNeeded: state >> 33)) / Float(1 << 30)
        }
        inputs = [
            ModelGraph.pixels: .f32(pixels),
            ModelGraph.idsKeep: .i32(masks.flatMap { $0.idsKeep.map(Int32.init) }),
            ModelGraph.idsRestore: .i32(masks.flatMap { $0.idsRestore.map(Int32.init) }),
        ]
        bindings = ModelGraph.bindings(batch: batch, kept: masks[0].kept)
        output =
            switch test.part {
            case .encoder: (test.pooling ?? model.interface.pooling).rawValue
            case .classifier: ModelGraph.logits
            case .mae: ModelGraph.prediction
            }
    }
}
