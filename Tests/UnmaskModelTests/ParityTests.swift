import Testing
import UnmaskModel
import UnmaskRuntime

/// Every supported layout of checkpoint against PyTorch's own forward pass, tapped at every block.
@Suite struct ParityTests {
    @Test("some cases exist") func casesExist() {
        #expect(!ParityCase.folders().isEmpty)
    }

    @Test("equals PyTorch at every tap", arguments: ParityCase.folders())
    func equalsPyTorch(folder: String) throws {
        let test: ParityCase = try Fixture.json(folder + "/case.json")
        for instructionSet in InstructionSet.vectorWidths {
            let engine = try Engine(threads: 2, instructionSet: instructionSet)
            try compare(test, folder, engine, disabledPasses: [])
        }
        let engine = try Engine(threads: 1)
        try compare(test, folder, engine, disabledPasses: ["fuse-activation", "fuse-residual", "fuse-layer-norm"])
    }

    private func compare(_ test: ParityCase, _ folder: String, _ engine: Engine, disabledPasses: Set<String>) throws {
        let options = ModelLoadOptions(
            imageSize: test.options.image_size, heads: test.options.heads, decoderHeads: test.options.decoder_heads)
        let model = try Model.load(folder + "/" + test.checkpoint, options: options)
        let pixels = try Fixture.array(folder + "/" + test.pixels)
        let batch = pixels.shape[0]
        let patches = model.interface.patches
        let session = try ModelSession(
            model, engine: engine, maximumBatch: batch, disabledPasses: disabledPasses, pixels: .normalised)
        let ids = try test.ids_keep.map { try Fixture.integers(folder + "/" + $0) }
        let kept = ids.map { $0.count / batch } ?? patches
        let masks = try (0..<batch).map { image in
            guard let ids else { return Mask.none(patches: patches) }
            return try Mask.keep(Array(ids[image * kept..<(image + 1) * kept]), patches: patches)
        }
        let outputs = test.outputs
        #expect(!outputs.isEmpty)
        let found = try session.forward(
            .f32(pixels.values), masks: masks, kept: kept, merge: test.options.merge ?? 0,
            outputs: outputs.map(\.output))
        for (output, file) in outputs {
            let expected = try Fixture.array(folder + "/" + file)
            let answer = try #require(found[output])
            #expect(answer.shape == expected.shape, "\(test.name) \(output)")
            let distance = Distance(answer.values, expected.values)
            #expect(distance.isClose, "\(test.name) \(output) on \(engine.instructionSet): \(distance)")
        }
        if let file = test.expected.reconstruction, let prediction = found[ModelGraph.prediction] {
            let expected = try Fixture.array(folder + "/" + file)
            let rebuilt = rebuild(prediction, pixels.values, try #require(model.configuration))
            let distance = Distance(rebuilt, expected.values)
            #expect(distance.isClose, "\(test.name) reconstruction: \(distance)")
        }
    }

    /// The prediction as planar images [B, C, H, W], with each patch's statistics put back for a `norm_pix` decoder.
    private func rebuild(_ prediction: OutputArray, _ pixels: [Float], _ c: ModelConfiguration) -> [Float] {
        let (C, H, W, P) = (c.channels, c.imageSize[0], c.imageSize[1], c.patchSize)
        var result = pixels
        for image in 0..<prediction.shape[0] {
            for patch in 0..<c.patches {
                let places = (0..<c.patchValues).map { value in
                    let (pixel, channel) = (value / C, value % C)
                    let row = patch / c.grid[1] * P + pixel / P
                    let column = patch % c.grid[1] * P + pixel % P
                    return ((image * C + channel) * H + row) * W + column
                }
                let start = (image * c.patches + patch) * c.patchValues
                let predicted = prediction.values[start..<start + c.patchValues].map(Double.init)
                let target = places.map { Double(pixels[$0]) }
                let values =
                    c.decoder?.normPix == true
                    ? Reconstruction.withStatistics(of: target, predicted) : predicted
                for (place, value) in zip(places, values) { result[place] = Float(value) }
            }
        }
        return result
    }
}
