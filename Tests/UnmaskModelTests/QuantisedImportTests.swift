import Testing
import UnmaskImage
import UnmaskRuntime

@testable import UnmaskGraph
@testable import UnmaskModel

/// Quantised ONNX files as models: what runs in int8, and on whose grid.
@Suite struct QuantisedImportTests {
    private static let variants = Fixture.foreign + "/../variants/hf-vit-sdpa-script-14."

    private func engine() throws -> Engine { try Engine(threads: 1, arithmetics: Set(Arithmetic.allCases)) }

    private func image(_ recipe: Recipe, _ seed: Int) -> PixelImage {
        let count = recipe.height * recipe.width * recipe.channels
        return PixelImage(
            width: recipe.width, height: recipe.height, channels: recipe.channels,
            pixels: (0..<count).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761 >> 9) ^ seed &* 53) })
    }

    /// The products of a plan that are int8, by the node's name, with their grids.
    private func wholeLayers(_ model: Model, _ precision: Precision) throws -> [NumberGrid?] {
        let session = try ModelSession(model, engine: engine(), precision: precision)
        let task: ModelTask = model.hasHead ? .classify : .embed(model.interface.pooling)
        return try session.prepare(task, batch: 1).steps.filter { $0.arithmetic == .i8 }.map(\.grid)
    }

    /// `quantize_dynamic`: a Vision Transformer like any other, batches free, an image's bits its own.
    @Test func dynamicFilesAreTransformers() throws {
        let model = try Model.load(Self.variants + "dynamic.onnx")
        #expect(model.configuration != nil)
        #expect(model.interface.fixedBatch == nil)
        #expect(model.interface.takesMasks)
        #expect(model.statesInt8)
        let layers = try wholeLayers(model, .file)
        // qkv, proj, fc1 and fc2 of both blocks.
        #expect(layers.count == 8)
        #expect(layers.allSatisfy { $0 == nil })
        #expect(try wholeLayers(model, .f32).isEmpty)
        let images = (0..<5).map { image(model.recipe, $0) }
        let together = try ModelSession(model, engine: engine(), maximumBatch: 5, precision: .file).embed(images)
        let alone = try ModelSession(model, engine: engine(), maximumBatch: 1, precision: .file)
        for (image, vector) in zip(images, together) {
            #expect(vector.stamp.precision == "int8")
            #expect(try alone.embed([image])[0].values == vector.values)
        }
    }

    /// Grids that the file states are the layers' own; without int8 kernels the numbers are nearly the same.
    @Test func statedGridsAreKept() throws {
        let model = try Model.load(Self.variants + "qoperator-channels.onnx")
        #expect(model.statesInt8)
        let layers = try wholeLayers(model, .file)
        #expect(layers.count >= 8)
        #expect(layers.allSatisfy { $0?.type == .i8 })
        let images = (0..<3).map { image(model.recipe, $0) }
        let plain = try Engine(threads: 1, arithmetics: [.f32])
        let whole = try ModelSession(model, engine: engine(), precision: .file).classify(images, topK: 1)
        let session = try ModelSession(model, engine: plain, precision: .file)
        #expect(session.precision == .f32)
        for (a, b) in zip(whole, try session.classify(images, topK: 1)) { #expect(a[0].index == b[0].index) }
    }

    /// Own int8 exports: the file's weights, as they are, with rows on grids of their own.
    @Test func ownExportsRunInInt8() throws {
        let model = try Model.synthetic(SyntheticViT.configuration, name: "own")
        let images = SyntheticViT.images(4)
        let measured = try Calibration(model, engine: engine()).measure([images], method: .minMax)
        var options = ModelExportOptions(part: .classifier, opset: 17)
        (options.precision, options.activationRanges) = (.int8, measured.activationRanges)
        options.channelPeaks = measured.channelPeaks
        let file = try TemporaryFile(".onnx")
        try model.onnx(options, producerVersion: "test").write(to: file.path, externalData: .automatic)
        let read = try Model.load(file.path)
        #expect(read.configuration != nil)
        #expect(read.statesInt8)
        #expect(!model.statesInt8)
        #expect(try wholeLayers(read, .file).count == 4 * SyntheticViT.configuration.depth)
        #expect(try wholeLayers(model, .file).isEmpty)
        let expected = try ModelSession(model, engine: engine()).embed(images)
        let found = try ModelSession(read, engine: engine(), precision: .file).embed(images)
        for (a, b) in zip(expected, found) {
            #expect(VectorMath.cosine(a.values, b.values) > Precision.int8.leastCosine)
        }
        // Kept as a checkpoint, the whole numbers stay.
        let kept = try TemporaryFile(".safetensors")
        try read.write(to: kept.path)
        let again = try Model.load(kept.path)
        #expect(again.storage.first == .i8)
        let bits = try ModelSession(again, engine: engine(), precision: .file).embed(images)
        #expect(bits.map(\.values) == found.map(\.values))
    }

    /// Bytes with zero points become numbers of 16 bits, which a checkpoint keeps.
    @Test func zeroPointsAreKept() throws {
        let bytes = (0..<24).map { UInt8($0 * 11) }
        let stored = try #require(Tensor(shape: [4, 6], type: .u8, contents: .owned(bytes)))
        let weight = try #require(Tensor.whole(stored, axis: 0, scales: [0.5, 1, 2, 4], zeros: [0, 255, 7, 128]))
        let (scales, zeros): ([Float], [Float]) = ([0.5, 1, 2, 4], [0, 255, 7, 128])
        let expected = bytes.enumerated().map { (Float($1) - zeros[$0 / 6]) * scales[$0 / 6] }
        #expect(weight.floats() == expected)
        let turned = try #require(
            Tensor.whole(stored.transposed() ?? stored, axis: 1, scales: scales, zeros: zeros.map { Int($0) }))
        #expect(turned.shape == [6, 4])
        #expect(turned.transposed()?.floats() == expected)
    }
}
