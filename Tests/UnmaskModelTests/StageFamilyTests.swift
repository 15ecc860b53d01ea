import Foundation
import Testing
import UnmaskGraph
import UnmaskImage
import UnmaskModel
import UnmaskRuntime

/// What holds of every network of stages alike: files of one's own, ONNX, batches, and refusals.
@Suite struct StageFamilyTests {
    static let families = [
        "tiny-convnextv2", "tiny-convnextv2-fcmae/checkpoint.pth", "tiny-convnext-head-norm-first",
        "tiny-convnext-overlap", "tiny-convnext-zepto", "tiny-convnext-silu", "tiny-convnext-head-layer",
        "tiny-hf-convnextv2", "tiny-hiera", "tiny-hiera-abswin", "tiny-hiera-unprojected", "tiny-sam",
        "tiny-sam-neckless",
    ]
    static let masked = families.filter { $0.contains("hiera") }
    /// Whose first convolutions overlap.
    static let overlapping = masked + ["tiny-convnext-overlap", "tiny-convnext-zepto"]

    private func load(_ family: String) throws -> Model {
        try Model.load(
            Fixture.root + "/checkpoints/" + family, options: ModelLoadOptions(imageSize: [64, 96]))
    }

    private func images(_ model: Model, _ count: Int) -> [PixelImage] {
        let size = model.interface.imageSize
        return (0..<count).map { number in
            let pixels = (0..<size[0] * size[1] * 3).map { UInt8(truncatingIfNeeded: ($0 * 37 + number * 101) >> 2) }
            return PixelImage(width: size[1], height: size[0], channels: 3, pixels: pixels)
        }
    }

    @Test("its own file gives the same bits", arguments: families)
    func ownFile(family: String) throws {
        let model = try load(family)
        let file = try TemporaryFile(".safetensors")
        try model.write(to: file.path)
        let again = try Model.load(file.path)
        #expect(try again.hash == model.hash)
        #expect(again.configuration == model.configuration)
        let engine = try Engine(threads: 2)
        let (a, b) = (try ModelSession(model, engine: engine), try ModelSession(again, engine: engine))
        let image = images(model, 1)
        for pooling in model.interface.poolings {
            let options = EmbeddingOptions(pooling: pooling)
            #expect(try a.embed(image, options: options)[0].values == b.embed(image, options: options)[0].values)
        }
    }

    @Test("as ONNX it gives what it gives", arguments: families, [13, 17, 23])
    func onnx(family: String, opset: Int) throws {
        let model = try load(family)
        let engine = try Engine(threads: 2)
        let session = try ModelSession(model, engine: engine)
        let image = images(model, 2)
        for pooling in model.interface.poolings {
            let file = try TemporaryFile()
            let options = ModelExportOptions(pooling: pooling, opset: opset)
            try model.onnx(options, producerVersion: "test").write(to: file.path)
            // Nothing in a graph whose convolutions overlap shows a grid, as a patch embedding does elsewhere: its tokens are
            // refused by name.
            guard pooling != .tokens || !Self.overlapping.contains(family) else {
                let error = #expect(throws: ModelError.self) { try Model.load(file.path) }
                #expect("\(try #require(error))".contains("the outputs are tokens [B, 6, \(model.interface.width)]"))
                continue
            }
            let exported = try ModelSession(try Model.load(file.path), engine: engine)
            let expected = try session.embed(image, options: EmbeddingOptions(pooling: pooling))
            for (a, b) in zip(try exported.embed(image), expected) {
                let distance = Distance(a.values, b.values)
                #expect(distance.isClose, "\(family) \(pooling): \(distance)")
            }
        }
    }

    @Test("the same bits in any batch, place and number of threads", arguments: families)
    func sameBits(family: String) throws {
        let model = try load(family)
        let images = images(model, 5)
        let alone = try ModelSession(model, engine: Engine(threads: 1), maximumBatch: 1)
        for pooling in [Pooling.tokens, .mean] {
            let options = EmbeddingOptions(pooling: pooling)
            let each = try alone.embed(images, options: options).map(\.values)
            #expect(Set(each).count == 5)
            for threads in 2...3 {
                let session = try ModelSession(model, engine: Engine(threads: threads), maximumBatch: 5)
                #expect(try session.embed(images, options: options).map(\.values) == each)
            }
        }
    }

    @Test(
        "of some mask units: the same bits beside other images, and what is hidden changes nothing", arguments: masked)
    func someUnits(family: String) throws {
        let model = try load(family)
        let (patches, grid) = (model.interface.patches, model.interface.grid)
        let images = images(model, 4)
        let masks = try (0..<4).map { try Mask.random(patches: patches, ratio: 0.5, seed: UInt64($0)) }
        let engine = try Engine(threads: 2)
        let session = try ModelSession(model, engine: engine, maximumBatch: 4)
        let hidden = zip(images, masks).map { image, mask in
            var pixels = image.pixels
            for row in 0..<image.height {
                for column in 0..<image.width where mask.removed[row / 32 * grid[1] + column / 32] == 1 {
                    for channel in 0..<3 { pixels[(row * image.width + column) * 3 + channel] ^= 0xFF }
                }
            }
            return PixelImage(width: image.width, height: image.height, channels: 3, pixels: pixels)
        }
        for (pooling, block) in [(Pooling.tokens, nil), (.mean, nil), (.tokens, 0), (.tokens, 2), (.mean, 1)] {
            let options = EmbeddingOptions(pooling: pooling, block: block)
            let together = try session.embed(images, options: options, masks: masks)
            let kept = masks[0].kept
            #expect(together[0].shape == model.interface.shape(of: pooling, kept: kept, block: block))
            #expect(Set(together.map(\.values)).count == 4)
            for index in images.indices {
                let alone = try session.embed([images[index]], options: options, masks: [masks[index]])[0]
                #expect(alone.values == together[index].values)
            }
            #expect(try session.embed(hidden, options: options, masks: masks).map(\.values) == together.map(\.values))
        }
        // Another order of the same units gives their tokens in that order.
        let (first, again) = (masks[0].idsKeep, try Mask.keep(masks[0].idsKeep.reversed(), patches: patches))
        let tokens = EmbeddingOptions(pooling: .tokens)
        let (a, b) = (
            try session.embed([images[0]], options: tokens, masks: [masks[0]])[0],
            try session.embed([images[0]], options: tokens, masks: [again])[0]
        )
        let width = a.shape[1]
        for place in first.indices {
            let other = first.count - 1 - place
            let distance = Distance(
                Array(a.values[place * width..<(place + 1) * width]),
                Array(b.values[other * width..<(other + 1) * width]))
            #expect(distance.isClose, "\(family): \(distance)")
        }
    }

    @Test("nothing of it runs on plain kernels", arguments: families)
    func fused(family: String) throws {
        let model = try load(family)
        let graph = try model.graph()
        #expect(graph.nodes.allSatisfy { if case .primitive = $0.op { false } else { true } })
        #expect(try ModelSession(model, engine: Engine(threads: 1)).prepare(.embed(nil), batch: 1).flops > 0)
    }

    @Test("every block gives tokens and vectors of its own width", arguments: families)
    func blocks(family: String) throws {
        let model = try load(family)
        let session = try ModelSession(model, engine: Engine(threads: 1))
        let last = [model.interface.patches, model.interface.width]
        let shapes =
            model.interface.blockShapes.isEmpty
            ? Array(repeating: last, count: model.interface.depth) : model.interface.blockShapes
        #expect(shapes.count == model.interface.depth)
        for (block, shape) in shapes.enumerated() {
            let tokens = try session.embed(images(model, 1), options: EmbeddingOptions(pooling: .tokens, block: block))[
                0]
            #expect(tokens.shape == shape)
            #expect(tokens.values.count == shape[0] * shape[1])
            let mean = try session.embed(images(model, 1), options: EmbeddingOptions(pooling: .mean, block: block))[0]
            #expect(mean.shape == [shape[1]])
            #expect(mean.stamp.dimension == shape[1])
            let wide = EmbeddingOptions(dimensions: shape[1] + 1, block: block)
            #expect(throws: ModelError.self) { try wide.validate(for: model) }
        }
    }

    @Test("what stages do not allow is refused with what they do", arguments: families)
    func refusals(family: String) throws {
        let model = try load(family)
        let session = try ModelSession(model, engine: Engine(threads: 1))
        #expect(model.interface.takesMasks == Self.masked.contains(family))
        if !model.interface.takesMasks {
            let mask = try Mask.random(patches: model.interface.patches, ratio: 0.5, seed: 1)
            let masked = #expect(throws: ModelError.self) { try session.embed(images(model, 1), masks: [mask]) }
            #expect("\(try #require(masked))".contains("whole image"))
            #expect("\(try #require(masked))".contains("mean, tokens"))
        }
        let pooled = #expect(throws: ModelError.self) { try EmbeddingOptions(pooling: .cls).validate(for: model) }
        #expect("\(try #require(pooled))".contains("mean, tokens"))
        #expect(try #require(session.mergeRefusal).contains("tokens cannot be merged here"))
        #expect(throws: ModelError.self) {
            try Model.load(
                Fixture.root + "/checkpoints/" + family, options: ModelLoadOptions(imageSize: [64, 70]))
        }
    }

    @Test(
        "a Hiera's heads that are no whole numbers are refused", arguments: ["[1, 2.5, 2, 4]", "[1, 2, 3, 4]", "[0.5]"])
    func statedHeads(heads: String) throws {
        let folder = NSTemporaryDirectory() + "unmask-model-" + UUID().uuidString
        try FileManager.default.copyItem(atPath: Fixture.root + "/checkpoints/tiny-hf-hiera-mae", toPath: folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let place = folder + "/config.json"
        let config = try String(contentsOfFile: place, encoding: .utf8)
        let members = try #require(JSONSerialization.jsonObject(with: Data(config.utf8)) as? [String: Any])
        var changed = members
        changed["num_heads"] = try JSONSerialization.jsonObject(with: Data(heads.utf8))
        try JSONSerialization.data(withJSONObject: changed).write(to: URL(fileURLWithPath: place))
        let error = #expect(throws: ModelError.self) { try Model.load(folder) }
        #expect("\(try #require(error))".contains("heads"))
    }

    /// What a file of one's own claims is checked before anything is made of it.
    @Test func hostileStages() throws {
        let good = try #require(load("tiny-convnextv2").configuration)
        func expectRefused(_ change: (inout ConvNeXtPlan) -> Void, _ what: Comment) throws {
            guard case .convNeXt(var plan)? = good.composition.trunk else { throw CancellationError() }
            change(&plan)
            var configuration = good
            configuration.composition.trunk = .convNeXt(plan)
            #expect(throws: ModelError.self, what) { try Model.synthetic(configuration, name: "hostile") }
        }
        try expectRefused({ $0.stages = [] }, "no stages")
        try expectRefused({ $0.stages = Array(repeating: $0.stages[0], count: 1 << 20) }, "many stages")
        try expectRefused({ $0.stem = 0 }, "no stem")
        try expectRefused({ $0.stem = .max }, "a huge stem")
        try expectRefused({ $0.stages[0].kernel = 4 }, "an even kernel")
        try expectRefused({ $0.stages[0].kernel = .max }, "a huge kernel")
        try expectRefused({ $0.stages[1].stride = .max }, "a huge stride")
        try expectRefused({ $0.stages[1].stride = 0 }, "no stride")
        try expectRefused({ $0.stages[1].stride = nil }, "a stage that widens by nothing")
        try expectRefused({ $0.stages[3].width = 0 }, "no width")
        try expectRefused({ $0.stages[3].depth = .max }, "a huge depth")
        try expectRefused({ $0.stages[2].mlpWidth = -1 }, "a negative width")
        for change: (inout ModelConfiguration) -> Void in [
            { $0.composition.tokens.prefix = [.cls] }, { $0.pooling = .cls },
            { $0.composition.block.queryKeyNorm = true },
            { $0.imageSize = [64, 70] }, { $0.composition.fcNormEpsilon = -1 }, { $0.width = 8 }, { $0.depth = 4 },
        ] {
            var configuration = good
            change(&configuration)
            #expect(throws: ModelError.self) { try Model.synthetic(configuration, name: "hostile") }
        }
    }
}
