import Testing
import UnmaskImage
import UnmaskModel
import UnmaskRuntime

/// An image's result is the same to the bit whatever is beside it and however many threads work.
@Suite struct BitsTests {
    @Test(
        "alone, first, last and between in batches of 1 to 17, on 1, 2 and 3 threads",
        arguments: InstructionSet.vectorWidths)
    func sameBits(set: InstructionSet) throws {
        let model = try Model.synthetic(SyntheticViT.configuration, name: "bits")
        let images = SyntheticViT.images(17)
        let reference = try ModelSession(model, engine: Engine(threads: 1, instructionSet: set), maximumBatch: 1)
        let options = EmbeddingOptions(pooling: .tokens)
        let masks = try (0..<17).map { try Mask.random(patches: 24, ratio: 0.5, seed: UInt64($0)) }
        let full = try images.map { try reference.embed([$0], options: options)[0].values }
        let masked = try zip(images, masks).map { try reference.embed([$0], options: options, masks: [$1])[0].values }
        let rebuilt = try zip(images, masks).map { try reference.reconstruct([$0], masks: [$1])[0].prediction }
        #expect(Set(full).count == 17)
        for threads in 1...3 {
            let engine = try Engine(threads: threads, instructionSet: set)
            let session = try ModelSession(model, engine: engine, maximumBatch: 17)
            for batch in 1...17 {
                for start in Set([0, 17 - batch]) {
                    let range = start..<start + batch
                    let some = Array(images[range])
                    let someMasks = Array(masks[range])
                    #expect(try session.embed(some, options: options).map(\.values) == Array(full[range]))
                    #expect(
                        try session.embed(some, options: options, masks: someMasks).map(\.values)
                            == Array(masked[range]))
                }
            }
            #expect(try session.reconstruct(images, masks: masks).map(\.prediction) == rebuilt)
        }
    }

    /// The class token's last block, computed for it alone where nobody asks for the others.
    @Test("the class token alone and beside all tokens", arguments: InstructionSet.vectorWidths)
    func classTokenAlone(set: InstructionSet) throws {
        let model = try Model.synthetic(SyntheticViT.configuration, name: "bits")
        let engine = try Engine(threads: 2, instructionSet: set)
        let session = try ModelSession(model, engine: engine, maximumBatch: 9)
        let whole = try ModelSession(model, engine: engine, maximumBatch: 9, disabledPasses: ["narrow-to-token"])
        for batch in [1, 2, 9] {
            let images = SyntheticViT.images(batch)
            let masks = Array(repeating: try Mask.random(patches: 24, keeping: 0.5, seed: 3), count: batch)
            let options = EmbeddingOptions(pooling: .cls, normalize: false)
            let alone = try session.embed(images, options: options, masks: masks).map(\.values)
            #expect(try whole.embed(images, options: options, masks: masks).map(\.values) == alone)
            let pixels = InputArray.u8(images.flatMap(\.pixels))
            let beside = try session.forward(pixels, masks: masks, kept: 12, outputs: ["cls", "norm"])
            for index in 0..<batch {
                #expect(try Array(#require(beside["cls"])[index]) == alone[index])
                #expect(try Array(#require(beside["norm"])[index].prefix(80)) == alone[index])
            }
            let classes = try session.classify(images, topK: 7, masks: masks)
            #expect(try whole.classify(images, topK: 7, masks: masks) == classes)
        }
    }

    @Test func mixedTokenCountsComeBackInOrder() throws {
        let model = try Model.synthetic(SyntheticViT.configuration, name: "bits")
        let session = try ModelSession(model, engine: Engine(threads: 2), maximumBatch: 2)
        let images = SyntheticViT.images(5)
        let masks = try (0..<5).map { try Mask.random(patches: 24, keeping: $0 % 2 == 0 ? 0.5 : 0.25, seed: 9) }
        let together = try session.embed(images, masks: masks)
        for index in images.indices {
            let alone = try session.embed([images[index]], masks: [masks[index]])[0]
            #expect(together[index].values == alone.values)
            #expect(together[index].stamp.tokens == masks[index].kept)
        }
    }

    /// The mean and deviation folded into the patch embedding give what normalised pixels give.
    @Test("bytes equal normalised pixels", arguments: [1, 3, 4])
    func bytesEqualNormalisedPixels(channels: Int) throws {
        var configuration = SyntheticViT.configuration
        configuration.channels = channels
        let model = try Model.synthetic(configuration, name: "bytes")
        let image = PixelImage(
            width: 36, height: 24, channels: channels,
            pixels: (0..<36 * 24 * channels).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) })
        let engine = try Engine(threads: 1)
        let bytes = try ModelSession(model, engine: engine).embed([image], options: EmbeddingOptions(pooling: .tokens))
        let session = try ModelSession(
            model, engine: engine, maximumBatch: 1, disabledPasses: [], pixels: .normalised)
        let planar = (0..<channels).flatMap { channel in
            (0..<24 * 36).map { pixel in
                let sample = Double(image.pixels[pixel * channels + channel]) / 255
                return Float((sample - Double(model.recipe.mean[channel])) / Double(model.recipe.std[channel]))
            }
        }
        let floats = try session.forward(.f32(planar), masks: [.none(patches: 24)], kept: 24, outputs: ["tokens"])
        let distance = Distance(bytes[0].values, try #require(floats["tokens"]).values)
        #expect(distance.relative < 1e-5, "\(distance)")
        // And without the fold, on plain kernels.
        let plain = try ModelSession(model, engine: engine, disabledPasses: ["fold-scale-shift"])
        let unfolded = try plain.embed([image], options: EmbeddingOptions(pooling: .tokens))
        #expect(Distance(unfolded[0].values, bytes[0].values).relative < 1e-5)
    }
}
