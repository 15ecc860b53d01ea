import Testing
import UnmaskImage
import UnmaskModel
import UnmaskRuntime

/// Images that are asked different things in one pass.
@Suite struct MixedBatchTests {
    private static let configuration = ModelConfiguration(
        imageSize: [24, 36], patchSize: 6, channels: 3, width: 80, depth: 3, heads: 5, classes: 7, decoder: nil)

    private static func images(_ count: Int) -> [PixelImage] {
        (0..<count).map { image in
            PixelImage(
                width: 36, height: 24, channels: 3,
                pixels: (0..<36 * 24 * 3).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761 >> 7) ^ image * 37) })
        }
    }

    @Test func everyAnswerIsTheOneThatTheImageGetsAlone() throws {
        let model = try Model.synthetic(Self.configuration, name: "mixed")
        let session = try ModelSession(model, engine: Engine(threads: 2), maximumBatch: 4)
        let questions: [ImageQuestion] = [
            .embed(EmbeddingOptions(pooling: .cls)), .classify(ClassificationOptions(topK: 3)),
            .embed(EmbeddingOptions(pooling: .mean, normalize: true, dimensions: 10)),
            .embed(EmbeddingOptions(pooling: .mean, block: 1)), .embed(EmbeddingOptions(pooling: .tokens)),
            .embed(EmbeddingOptions(pooling: .cls, block: 0)), .classify(ClassificationOptions(topK: 7)),
        ]
        let images = Self.images(questions.count)
        let masks = try questions.indices.map { try Mask.random(patches: 24, keeping: $0 % 3 == 0 ? 0.5 : 1, seed: 4) }
        let together = try session.answer(questions, about: images, masks: masks)
        for index in images.indices {
            switch (questions[index], together[index]) {
            case (.embed(let options), .embedding(let found)):
                let alone = try session.embed([images[index]], options: options, masks: [masks[index]])[0]
                #expect(found.values == alone.values && found.shape == alone.shape && found.stamp == alone.stamp)
            case (.classify(let options), .classes(let found)):
                #expect(try session.classify([images[index]], topK: options.topK, masks: [masks[index]])[0] == found)
            default: Issue.record("image \(index) got the answer to another question")
            }
        }
    }

    /// A block's pooled output against the residual stream that PyTorch has there (which `ParityTests` compares).
    @Test(arguments: [0, 1, 2]) func aBlocksOutputIsPooledWithoutTheFinalNorm(block: Int) throws {
        let model = try Model.synthetic(Self.configuration, name: "blocks")
        let session = try ModelSession(model, engine: Engine(threads: 1), maximumBatch: 2)
        let image = Self.images(1)[0]
        let mask = try Mask.random(patches: 24, keeping: 0.5, seed: 1)
        let stream = try session.forward(
            .u8(image.pixels), masks: [mask], kept: 12, outputs: [ModelGraph.block(block)])
        let rows = try #require(stream[ModelGraph.block(block)]).values  // [13, 80]
        func pooled(_ pooling: Pooling) throws -> Embedding {
            try session.embed([image], options: EmbeddingOptions(pooling: pooling, block: block), masks: [mask])[0]
        }
        #expect(try pooled(.cls).values == Array(rows[..<80]))
        #expect(try pooled(.tokens).values == Array(rows[80...]))
        #expect(try pooled(.tokens).shape == [12, 80])
        let mean = try pooled(.mean)
        for column in 0..<80 {
            let sum = stride(from: 80 + column, to: rows.count, by: 80).reduce(0.0) { $0 + Double(rows[$1]) }
            #expect(abs(Double(mean.values[column]) - sum / 12) <= 1e-6 * max(1, abs(sum)))
        }
        #expect(mean.stamp.output == "blocks.\(block)")
        #expect(try session.embed([image], masks: [mask])[0].stamp.output == nil)
    }

    @Test func aBlockThatIsNotThereIsRefused() throws {
        let model = try Model.synthetic(Self.configuration, name: "blocks")
        let session = try ModelSession(model, engine: Engine(threads: 1), maximumBatch: 1)
        for block in [-1, 3, Int.max] {
            #expect(throws: ModelError.self) {
                try session.embed(Self.images(1), options: EmbeddingOptions(block: block))
            }
        }
    }

    @Test func maskedImagesTravelInLargerBatches() throws {
        let model = try Model.synthetic(Self.configuration, name: "large")
        let session = try ModelSession(model, engine: Engine(threads: 1), maximumBatch: 4)
        #expect(session.maximumBatch(kept: 24) == 4)
        #expect(session.maximumBatch(kept: 6) == 4 * 25 / 7)
        #expect(session.maximumBatch(kept: 6, decoding: true) == 4)
    }
}
