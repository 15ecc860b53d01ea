import Foundation
import Testing
import UnmaskGraph
import UnmaskImage
import UnmaskModel
import UnmaskRuntime

/// Merging tokens: which sessions do it, how it goes with masks, precisions and what is asked, and what it promises.
/// What it computes is compared with PyTorch in `ParityTests`.
@Suite struct MergingTests {
    private static let patches = 24

    private func model() throws -> Model { try Model.synthetic(SyntheticViT.configuration, name: "merging") }

    @Test(
        "the same bits alone, in batches and on 1, 2 and 3 threads",
        arguments: InstructionSet.vectorWidths, [Precision.f32, .bf16, .int8])
    func sameBits(set: InstructionSet, precision: Precision) throws {
        let model = try model()
        let images = SyntheticViT.images(7)
        func session(_ threads: Int, _ batch: Int) throws -> ModelSession {
            let engine = try Engine(threads: threads, instructionSet: set, arithmetics: Set(Arithmetic.allCases))
            return try ModelSession(model, engine: engine, maximumBatch: batch, precision: precision, merge: 3)
        }
        let reference = try session(1, 1)
        let masks = try (0..<7).map { try Mask.random(patches: Self.patches, ratio: 0.5, seed: UInt64($0)) }
        for options in [EmbeddingOptions(pooling: .tokens), EmbeddingOptions(pooling: .cls)] {
            let full = try images.map { try reference.embed([$0], options: options)[0].values }
            let masked = try zip(images, masks).map {
                try reference.embed([$0], options: options, masks: [$1])[0].values
            }
            #expect(Set(full).count == 7)
            for threads in 1...3 {
                let session = try session(threads, 7)
                for range in [0..<1, 0..<7, 3..<5, 2..<7] {
                    let some = Array(images[range])
                    #expect(try session.embed(some, options: options).map(\.values) == Array(full[range]))
                    #expect(
                        try session.embed(some, options: options, masks: Array(masks[range])).map(\.values)
                            == Array(masked[range]))
                }
            }
        }
        let rebuilt = try zip(images, masks).map { try reference.reconstruct([$0], masks: [$1])[0].prediction }
        #expect(try session(2, 7).reconstruct(images, masks: masks).map(\.prediction) == rebuilt)
    }

    /// The class token's last block for it alone, as without merging.
    @Test func theClassTokenAloneAndBesideAllTokens() throws {
        let engine = try Engine(threads: 2)
        let narrow = try ModelSession(model(), engine: engine, merge: 4)
        let whole = try ModelSession(model(), engine: engine, disabledPasses: ["narrow-to-token"], merge: 4)
        let images = SyntheticViT.images(2)
        let options = EmbeddingOptions(pooling: .cls)
        #expect(
            try narrow.embed(images, options: options).map(\.values)
                == whole.embed(images, options: options).map(\.values))
        let steps = try narrow.prepare(.embed(.cls), batch: 1).steps
        #expect(
            steps.filter { $0.kind == "mergeTokens" }.map(\.name) == ["blocks.0.attn merge", "blocks.1.attn merge"])
        #expect(steps.last { $0.name == "blocks.2.mlp.fc2" }?.shape == [1, 80])
    }

    /// Fewer tokens block by block, half of them at most.
    @Test(arguments: [(1, [25, 24, 23]), (5, [25, 20, 15]), (12, [25, 13, 7]), (11, [25, 14, 8])])
    func tokensFall(merge: Int, expected: [Int]) throws {
        let session = try ModelSession(model(), engine: Engine(threads: 1), merge: merge)
        let steps = try session.prepare(.embed(.mean), batch: 2).steps
        #expect(steps.filter { $0.kind == "attention" }.map(\.shape) == expected.map { [2, $0, 80] })
        let masked = try session.prepare(.embed(.mean), batch: 1, kept: 6).steps
        #expect(
            masked.first { $0.name == "blocks.1.mlp.fc1" || $0.name == "blocks.1.attn" }?.shape[1] == 7 - min(merge, 3))
    }

    @Test func zeroMergesNothing() throws {
        let engine = try Engine(threads: 1)
        let plain = try ModelSession(model(), engine: engine)
        let images = SyntheticViT.images(2)
        let found = try plain.embed(images, merge: 0)
        #expect(try plain.embed(images).map(\.values) == found.map(\.values))
        #expect(found[0].stamp.merge == nil)
        let merged = try plain.embed(images, merge: 2)
        #expect(merged[0].stamp.merge == 2 && merged[0].values != found[0].values)
        #expect(merged[0].stamp != found[0].stamp)
        #expect(try plain.merging(2).embed(images).map(\.values) == merged.map(\.values))
        // One patch leaves nothing to merge.
        let one = try Mask.keep([3], patches: Self.patches)
        #expect(
            try plain.embed([images[0]], masks: [one], merge: 5)[0].values
                == plain.embed([images[0]], masks: [one])[0].values)
    }

    @Test(arguments: [-1, 13, 25, Int.max, Int.min])
    func numbersOutOfBounds(merge: Int) throws {
        let session = try ModelSession(model(), engine: Engine(threads: 1))
        #expect {
            _ = try session.embed(SyntheticViT.images(1), merge: merge)
        } throws: { error in
            (error as? ModelError)?.type == "invalid_params" && "\(error)".contains("expected 0 to 12")
        }
        #expect(throws: ModelError.self) { try session.merging(merge) }
    }

    /// Each patch has its group's token: no more different ones than tokens are left.
    @Test func denseOutputsArePutBack() throws {
        let session = try ModelSession(model(), engine: Engine(threads: 1), merge: 5)
        let dense = try session.embed(SyntheticViT.images(1), options: EmbeddingOptions(pooling: .tokens))[0]
        #expect(dense.shape == [24, 80])
        let rows = (0..<24).map { Array(dense.values[$0 * 80..<($0 + 1) * 80]) }
        #expect(Set(rows).count == 24 - 15)
        for block in 0..<3 {
            let options = EmbeddingOptions(pooling: .tokens, block: block)
            let tapped = try session.embed(SyntheticViT.images(1), options: options)[0].values
            #expect(Set((0..<24).map { Array(tapped[$0 * 80..<($0 + 1) * 80]) }).count == 24 - 5 * (block + 1))
        }
        let mean = try session.embed(SyntheticViT.images(1), options: EmbeddingOptions(pooling: .mean))[0].values
        for i in 0..<80 {
            let expected = rows.reduce(0.0) { $0 + Double($1[i]) } / 24
            #expect(abs(Double(mean[i]) - expected) < 1e-5)
        }
    }

    /// Other libraries' graphs that stay graphs merge all tokens but those that stand for no patch.
    @Test(
        arguments: [
            ("hf-clip-sdpa-dynamo-18", 1), ("hf-dinov2-registers-eager-script-17", 3),
            ("hf-siglip-eager-script-17", 0), ("hf-siglip-sdpa-dynamo-20", 0), ("timm-siglip-sdpa-script-17", 0),
        ])
    func importedGraphs(file: String, fixed: Int) throws {
        let model = try Model.load("\(Fixture.foreign)/\(file).onnx")
        let session = try ModelSession(model, engine: Engine(threads: 1), maximumBatch: 1)
        let image = GoldenImage.pattern(
            width: model.interface.imageSize[1], height: model.interface.imageSize[0],
            channels: model.interface.channels)
        let plain = try session.embed([image])[0].values
        let merged = try session.embed([image], merge: 2)[0].values
        #expect(merged != plain && VectorMath.cosine(merged, plain) > 0.5)
        var graph = session.session.graph
        try MergeTokens(perBlock: 1, patches: model.interface.patches).run(&graph, bindings: ["B": 1])
        for case .matchTokens(let matching) in graph.nodes.map(\.op) { #expect(matching.fixed == fixed) }
    }

    @Test func aGraphThatDoesNotAllowItIsRefusedByName() throws {
        let model = try Model.load(Fixture.foreign + "/timm-qk-norm-eager-dynamo-20.onnx")
        let session = try ModelSession(model, engine: Engine(threads: 1), maximumBatch: 1)
        #expect(session.mergeRefusal?.contains("tokens cannot be merged here") == true)
        #expect(try session.fastestMerge().session.merge == 0)
        #expect {
            _ = try session.merging(1)
        } throws: { ($0 as? ModelError)?.type == "merge_unsupported" }
    }

    /// What was chosen is faster than nothing merged, and near; where nothing is, nothing is merged.
    @Test func theFastestPassesItsGate() throws {
        let found = try ModelSession(model(), engine: Engine(threads: 1)).fastestMerge()
        #expect(found.trials.map(\.merge) == [0, 2, 4, 6, 8])
        let chosen = try #require(found.trials.first { $0.merge == found.session.merge })
        #expect(chosen.passes && chosen.seconds <= found.trials[0].seconds)
        let least = chosen.merge == 0 ? chosen.seconds * MergeTrial.largestShare : chosen.seconds
        #expect(found.trials.allSatisfy { !$0.passes || $0.seconds >= least })
        #expect(found.trials[0].cosine > 0.999999)
    }
}
