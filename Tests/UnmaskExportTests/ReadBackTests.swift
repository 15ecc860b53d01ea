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
        let calibrated = try Calibration(model, engine: engine).measure([images], method: .minMax)
        let expected = try Self.answer(own, part, images, masks)
        let merged = try Self.answer(own.merging(1), part, images, masks)
        // The class token of a single block never sees what that block merges.
        #expect(Self.distance(merged, expected) > 0 || model.configuration?.depth == 1)
        for written in Written.all where written.part.testDescription == part.testDescription {
            var options = part.options(opset: written.opset, precision: written.precision, batch: written.batch)
            if written.precision == .int8 {
                options.activationRanges = calibrated.activationRanges
                options.channelPeaks = calibrated.channelPeaks
            }
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
            case .fp32:
                #expect(distance == 0, "\(written): \(distance)")
                let found = try Self.answer(ModelSession(again, engine: engine, merge: 1), part, images, masks)
                #expect(Self.distance(found, merged) == 0, "\(written), merged")
            case .fp16: #expect(distance < 1e-2, "\(written): \(distance)")
            case .int8, .int8Weights: #expect(distance < 0.1, "\(written): \(distance)")
            case .int4Weights: #expect(distance < 0.5, "\(written): \(distance)")
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
                scores.sorted { $0.index < $1.index }.map(\.score)
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

    @Test("float32 samples, either order of axes and a fixed number of patches give the model's own answers")
    func otherInputs() throws {
        let engine = try Engine(threads: 2)
        for part in [ExportCase.all[1], ExportCase.all[4]] {
            let model = try part.load()
            let images = (0..<2).map { Self.image(model.recipe, $0) }
            let masks = try (0..<2).map {
                try Mask.random(patches: model.interface.patches, ratio: 0.5, seed: UInt64($0))
            }
            let expected = try Self.answer(ModelSession(model, engine: engine), part, images, masks)
            for layout in PixelLayout.allCases {
                for samples in [nil] + ExportPreprocessing.Samples.allCases.map(Optional.some) {
                    var options = part.options(opset: 13, batch: 1)
                    options.layout = layout
                    options.preprocesses = samples != nil
                    options.samples = samples ?? .u8
                    options.sourceSize = samples.map { _ in [41, 53] }
                    if part.part == .mae { options.kept = masks[0].kept }
                    let file = try TemporaryModel(try model.onnx(options, producerVersion: "test"))
                    let again = try Model.load(file.path)
                    let session = try ModelSession(again, engine: engine, maximumBatch: 1)
                    let found = try zip(images, masks).flatMap { try Self.answer(session, part, [$0], [$1]) }
                    #expect(found == expected, "\(part) \(layout) \(samples?.rawValue ?? "normalised")")
                    let input = try file.message().graph.input[0].type.tensorType
                    #expect(input.elemType == (samples == .u8 ? 2 : 1))
                    let sides = input.shape.dim.map(\.dimValue)
                    let source = samples == nil ? model.interface.imageSize.map(Int64.init) : [41, 53]
                    #expect(sides == (layout == .nhwc ? [1] + source + [3] : [1, 3] + source))
                }
            }
        }
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
