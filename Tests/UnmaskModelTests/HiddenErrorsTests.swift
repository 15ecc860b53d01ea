import Testing
import UnmaskImage
import UnmaskRuntime

@testable import UnmaskModel

/// How badly patches are foreseen that are hidden, against PyTorch: `Tests/Oracles/heads/make_errors.py`.
@Suite struct HiddenErrorsTests {
    private struct Oracle: Decodable { let images: [[UInt8]]; let cases: [Case] }
    private struct Case: Decodable {
        let image, count: Int
        let seed: String
        let norm_pix: Bool
        let errors: [Float]
    }

    private static func shipped(normPix: Bool) throws -> ModelSession {
        let model = try Model.load(Fixture.models + "/fashion-mae.safetensors")
        guard normPix, case .checkpoint(var checkpoint) = model.source else { return try ModelSession(model) }
        checkpoint.configuration.decoder?.normPix = true
        (checkpoint.statedHash, checkpoint.golden) = (nil, nil)
        return try ModelSession(Model(.checkpoint(checkpoint), name: "norm_pix"))
    }

    @Test("each patch's error is PyTorch's, in the space that the decoder predicts", arguments: [false, true])
    func errors(normPix: Bool) throws {
        let oracle: Oracle = try Fixture.json(Fixture.root + "/errors.json")
        let session = try Self.shipped(normPix: normPix)
        let cases = oracle.cases.filter { $0.norm_pix == normPix }
        #expect(cases.count > 1)
        for expected in cases {
            let image = PixelImage(width: 28, height: 28, channels: 1, pixels: oracle.images[expected.image])
            let masks = ComplementaryMasks(count: expected.count, seed: UInt64(expected.seed) ?? 0)
            let found = try session.embed(
                [image], options: EmbeddingOptions(pooling: .tokens, sources: [.errors(masks)]))[0]
            #expect(found.shape == [49, 1] && found.stamp.output == "errors.\(masks.count).\(masks.seed)")
            let largest = expected.errors.max() ?? 0
            for (a, b) in zip(found.values, expected.errors) { #expect(abs(a - b) < 1e-4 * b + 1e-5 * largest) }
        }
    }

    private static let configuration = SyntheticViT.configuration

    @Test("every patch is hidden once, by masks that only the seed decides", arguments: [2, 3, 5, 24])
    func complementary(count: Int) {
        let masks = ComplementaryMasks(count: count, seed: 9)
        let hidden = masks.hidden(of: 24)
        #expect(hidden.count == count && hidden.joined().sorted() == Array(0..<24))
        #expect(Set(hidden.map(\.count)).subtracting([24 / count, (24 + count - 1) / count]).isEmpty)
        #expect(masks.hidden(of: 24) == hidden)
        #expect(ComplementaryMasks(count: count, seed: 10).hidden(of: 24) != hidden)
    }

    @Test("what is hidden together moves nothing but its own error; sources stand side by side, to the bit")
    func independence() throws {
        let model = try Model.synthetic(Self.configuration, name: "hidden")
        let session = try ModelSession(model, engine: Engine(threads: 2), maximumBatch: 3)
        let masks = ComplementaryMasks(count: 3, seed: 4)
        func embed(_ images: [PixelImage], _ sources: [VectorSource]) throws -> [[Float]] {
            try session.embed(images, options: EmbeddingOptions(pooling: .tokens, sources: sources)).map(\.values)
        }
        let images = SyntheticViT.images(4)
        let errors = try embed(images, [.errors(masks)])
        for hidden in masks.hidden(of: 24) {
            var pixels = images[1].pixels
            for place in PatchPlaces(of: images[1], patch: 6).places(of: hidden[0]) { pixels[place] ^= 0x5A }
            let other = try embed([PixelImage(width: 36, height: 24, channels: 3, pixels: pixels)], [.errors(masks)])[0]
            for patch in hidden.dropFirst() { #expect(other[patch] == errors[1][patch]) }
            #expect(other[hidden[0]] != errors[1][hidden[0]])
            #expect(
                (0..<24).contains { !hidden.contains($0) && other[$0] != errors[1][$0] }, "it is seen by the others")
        }
        let parts = try [[VectorSource.final], [.block(0)], [.block(2)]].map { try embed(images, $0) }
        let joined = try embed(images, [.final, .block(0), .block(2), .errors(masks)])
        for image in images.indices {
            var expected: [Float] = []
            for token in 0..<24 {
                for part in parts { expected += part[image][token * 80..<(token + 1) * 80] }
                expected.append(errors[image][token])
            }
            #expect(joined[image] == expected)
        }
        let pooled = try session.embed(
            images, options: EmbeddingOptions(pooling: .cls, sources: [.block(1), .final]))[0]
        #expect(pooled.shape == [160] && pooled.stamp.output == "blocks.1+final" && pooled.stamp.dimension == 160)
    }

    @Test("names of sources are read as they are written, and nothing else is")
    func names() {
        let sources: [VectorSource] = [
            .final, .block(3), .block(11), .errors(ComplementaryMasks(count: 4, seed: .max)),
        ]
        #expect([VectorSource](output: sources.output ?? "") == sources)
        #expect([VectorSource.final].output == nil)
        for bad in [
            "", "+", "blocks.", "blocks.01", "blocks.-1x", "blocks.1+", "errors.4", "errors.4.-1", "errors.+4.0",
            "norm",
        ] {
            #expect([VectorSource](output: bad) == nil, "\(bad)")
        }
    }

    @Test("what a model does not give is refused by name")
    func refusals() throws {
        let model = try Model.synthetic(Self.configuration, name: "hidden")
        let session = try ModelSession(model, engine: Engine(threads: 1), maximumBatch: 1)
        var bare = Self.configuration
        bare.decoder = nil
        let encoder = try ModelSession(Model.synthetic(bare, name: "bare"), engine: Engine(threads: 1), maximumBatch: 1)
        let images = SyntheticViT.images(1)
        func errors(_ count: Int) -> VectorSource { .errors(ComplementaryMasks(count: count, seed: 0)) }
        let cases: [(ModelSession, Pooling, [VectorSource], String)] = [
            (encoder, .tokens, [errors(4)], "with its decoder"), (session, .mean, [errors(4)], "error of its own"),
            (session, .tokens, [errors(1)], "2 to 24"), (session, .tokens, [errors(25)], "2 to 24"),
            (session, .tokens, [errors(4), .final], "the last of them"),
            (session, .tokens, [.final, .final], "differ"),
            (session, .tokens, [], "differ"), (session, .tokens, [.final, .block(3)], "has 3 blocks"),
        ]
        for (session, pooling, sources, words) in cases {
            let error: ModelError? = #expect(throws: ModelError.self) {
                try session.embed(images, options: EmbeddingOptions(pooling: pooling, sources: sources))
            }
            #expect(error?.description.contains(words) ?? false, "\(words): \(error?.description ?? "")")
        }
        let mask = try Mask.random(patches: 24, keeping: 0.5, seed: 0)
        #expect(throws: ModelError.self) {
            try session.embed(
                images, options: EmbeddingOptions(pooling: .tokens, sources: [errors(4)]), masks: [mask])
        }
    }
}
