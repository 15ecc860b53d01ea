import Foundation
import Testing
import UnmaskImage
import UnmaskModel
import UnmaskRuntime

@testable import UnmaskONNX

/// Every file that `export` writes, with every option, is read back and gives the model's own answers: parts, precisions,
/// operator sets, batches, and preparation inside the graph.
@Suite struct ReadBackTests {
    struct Written: Sendable, CustomTestStringConvertible {
        let part: ExportCase
        let precision: ExportPrecision
        let opset: Int
        let batch: Int?
        let preparation: Preparation

        enum Preparation: Sendable, CaseIterable { case outside, anySize, oneSize }

        var testDescription: String {
            "\(part) \(precision.rawValue) opset \(opset) batch \(batch ?? 0) \(preparation)"
        }

        /// All that the options allow: int8 from opset 13 on, images of any size from 18 on.
        static let all: [Written] = ExportCase.all.flatMap { part in
            ExportPrecision.allCases.flatMap { precision in
                [11, 13, 17, 20, 23].flatMap { opset in
                    [nil, 2].flatMap { batch in
                        Preparation.allCases.compactMap { preparation in
                            guard precision != .int8 || opset >= 13, preparation != .anySize || opset >= 18,
                                // One batch is enough beside each way of preparation.
                                preparation == .outside || batch == nil
                            else { return nil }
                            return Written(
                                part: part, precision: precision, opset: opset, batch: batch, preparation: preparation)
                        }
                    }
                }
            }
        }
    }

    @Test("gives the model's own answers", arguments: ExportCase.all)
    func answers(part: ExportCase) throws {
        let model = try part.load()
        let engine = try Engine(threads: 2)
        let own = try ModelSession(model, engine: engine)
        let images = (0..<3).map { Self.image(model.recipe, $0) }
        let masks = try (0..<3).map {
            try Mask.random(patches: model.interface.patches, ratio: 0.5, seed: UInt64($0))
        }
        let ranges = try Calibration(model, engine: engine).ranges([images], method: .minMax)
        let expected = try Self.answer(own, part, images, masks)
        for written in Written.all where written.part.testDescription == part.testDescription {
            var options = part.options(opset: written.opset, precision: written.precision, batch: written.batch)
            options.activationRanges = written.precision == .int8 ? ranges : [:]
            options.preprocesses = written.preparation != .outside
            options.sourceSize = written.preparation == .oneSize ? [41, 53] : nil
            let file = try TemporaryModel(try model.onnx(options, producerVersion: "test"))
            let again = try Model.load(file.path)
            #expect(again.recipe == model.recipe, "\(written)")
            #expect(again.notes == [], "\(written)")
            #expect(again.interface.pooling == (part.pooling ?? model.interface.pooling), "\(written)")
            #expect(again.interface.takesMasks, "\(written)")
            let found = try Self.answer(ModelSession(again, engine: engine), part, images, masks)
            #expect(found.count == expected.count, "\(written)")
            let distance = Self.distance(found, expected)
            switch written.precision {
            case .fp32: #expect(distance == 0, "\(written): \(distance)")
            case .fp16: #expect(distance < 1e-2, "\(written): \(distance)")
            case .int8: #expect(distance < 0.1, "\(written): \(distance)")
            }
        }
    }

    /// What the part is for: embeddings by default, classes, or predicted patches.
    private static func answer(
        _ session: ModelSession, _ part: ExportCase, _ images: [PixelImage], _ masks: [Mask]
    ) throws -> [Float] {
        switch part.part {
        case .encoder:
            let pooling = EmbeddingOptions(pooling: session.model.configuration == nil ? nil : part.pooling)
            let byDefault = session.model.interface.pooling == (part.pooling ?? session.model.interface.pooling)
            let options = byDefault ? EmbeddingOptions() : pooling
            return try session.embed(images, options: options).flatMap(\.values)
                + session.embed(images, options: pooling, masks: masks).flatMap(\.values)
        case .classifier:
            return try session.classify(images, topK: 1000).flatMap { scores in
                scores.sorted { $0.index < $1.index }.map(\.probability)
            }
        case .mae: return try session.reconstruct(images, masks: masks).flatMap(\.prediction)
        }
    }

    private static func distance(_ a: [Float], _ b: [Float]) -> Float {
        let largest = b.map(abs).max() ?? 0
        return (zip(a, b).map { abs($0 - $1) }.max() ?? .infinity) / max(largest, .leastNormalMagnitude)
    }

    private static func image(_ recipe: Recipe, _ seed: Int) -> PixelImage {
        let count = recipe.height * recipe.width * recipe.channels
        return PixelImage(
            width: recipe.width, height: recipe.height, channels: recipe.channels,
            pixels: (0..<count).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761 >> 7) ^ seed &* 37) })
    }

    @Test("float16 keeps what it does not hold in float32")
    func liftsWhatOverflows() throws {
        let test = ExportCase(model: "tiny-hf-vit", part: .encoder, pooling: .cls)
        let model = try test.load()
        var options = test.options(opset: 17, precision: .fp16)
        let plain = try model.onnx(options, producerVersion: "test")
        let value = try #require(plain.halfValues.first { $0.hasSuffix("mlp.fc1") || $0.contains("fc1") })
        options.float32Values = [value]
        let lifted = try model.onnx(options, producerVersion: "test")
        #expect(!lifted.halfValues.contains(value))
        #expect(lifted.halfValues.count < plain.halfValues.count)
        // What reads the value reads it in float32: no cast of it is left.
        let message = try TemporaryModel(lifted).message()
        #expect(!message.graph.node.contains { $0.opType == "Cast" && $0.input == [value] })
        #expect(message.graph.node.contains { $0.output == [value] })
    }
}
