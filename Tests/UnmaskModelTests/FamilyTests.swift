import Foundation
import Testing
import UnmaskGraph
import UnmaskImage
import UnmaskModel
import UnmaskRuntime
import UnmaskWeights

/// What holds of every family alike: files of one's own, ONNX, batches, and refusals.
@Suite struct FamilyTests {
    static let families = [
        "tiny-dinov2-registers-swiglu", "tiny-deit-distilled", "tiny-deit3", "tiny-clip-quickgelu", "tiny-siglip-map",
        "tiny-registers-gap", "tiny-qk-norm-rms", "tiny-beit", "tiny-beit-shared", "tiny-eva02", "tiny-eva02-clip",
        "tiny-rope-mixed", "tiny-dinov3", "tiny-perception-encoder",
    ]

    private func load(_ family: String) throws -> Model {
        try Model.load(Fixture.root + "/checkpoints/" + family)
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
        for pooling in model.interface.poolings {
            let options = EmbeddingOptions(pooling: pooling)
            let (a, b) = (try ModelSession(model, engine: engine), try ModelSession(again, engine: engine))
            let image = images(model, 1)
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
            let exported = try ModelSession(try Model.load(file.path), engine: engine)
            let expected = try session.embed(image, options: EmbeddingOptions(pooling: pooling))
            // What the file gives is its own output: a mean that is made of its tokens lacks fc_norm.
            let found = try exported.embed(image)
            for (a, b) in zip(found, expected) {
                let distance = Distance(a.values, b.values)
                #expect(distance.isClose, "\(family) \(pooling): \(distance)")
            }
        }
    }

    @Test("the same bits in any batch, place and number of threads, masked or not", arguments: families)
    func sameBits(family: String) throws {
        let model = try load(family)
        let images = images(model, 5)
        let options = EmbeddingOptions(pooling: .tokens)
        let patches = model.interface.patches
        let masks = try (0..<5).map { try Mask.random(patches: patches, ratio: 0.4, seed: UInt64($0)) }
        let alone = try ModelSession(model, engine: Engine(threads: 1), maximumBatch: 1)
        let whole = try alone.embed(images, options: options).map(\.values)
        let masked = try alone.embed(images, options: options, masks: masks).map(\.values)
        #expect(Set(whole).count == 5)
        for threads in 2...3 {
            let session = try ModelSession(model, engine: Engine(threads: threads), maximumBatch: 5)
            #expect(try session.embed(images, options: options).map(\.values) == whole)
            #expect(try session.embed(images, options: options, masks: masks).map(\.values) == masked)
            let pooling = model.interface.pooling
            let pooled = try session.embed(images, options: EmbeddingOptions(pooling: pooling)).map(\.values)
            let each = try images.map { try alone.embed([$0], options: EmbeddingOptions(pooling: pooling))[0].values }
            #expect(pooled == each)
        }
    }

    @Test("merges tokens, or says what in it needs them in their places", arguments: families)
    func merging(family: String) throws {
        let model = try load(family)
        let block = try #require(model.configuration).composition.block
        let session = try ModelSession(model, engine: Engine(threads: 1))
        guard block.rotary == nil, block.relativePositions == nil else {
            let text = try #require(session.mergeRefusal)
            #expect(text.contains(block.rotary == nil ? "blocks.0.attn" : "blocks.1.attn"))
            #expect(text.contains(block.rotary == nil ? "a bias of their own" : "all tokens in their places"))
            return
        }
        let tokens = model.interface.prefix + model.interface.patches
        let steps = try session.prepare(.embed(.tokens), batch: 1, merge: 3).steps
        #expect(steps.filter { $0.kind == "attention" }.map { $0.shape[1] } == [tokens, tokens - 3])
        #expect(steps.filter { $0.kind == "unmergeTokens" }.map { $0.shape[1] } == [tokens])
    }

    @Test("nothing of it runs on plain kernels", arguments: families)
    func fused(family: String) throws {
        let model = try load(family)
        let session = try ModelSession(model, engine: Engine(threads: 1))
        let plan = try session.prepare(.embed(nil), batch: 1)
        let graph = try model.graph()
        #expect(graph.nodes.allSatisfy { if case .primitive = $0.op { false } else { true } })
        #expect(plan.flops > 0)
    }

    /// A folder with a family's tensors and another config.json.
    private func load(_ family: String, changing change: (inout [String: Any]) -> Void) throws -> Model {
        let folder = NSTemporaryDirectory() + "unmask-family-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.copyItem(atPath: Fixture.root + "/checkpoints/" + family, toPath: folder)
        let file = URL(fileURLWithPath: folder + "/config.json")
        let object = try JSONSerialization.jsonObject(with: Data(contentsOf: file))
        var config = try #require(object as? [String: Any])
        change(&config)
        try JSONSerialization.data(withJSONObject: config).write(to: file)
        return try Model.load(folder)
    }

    private func refusal(_ family: String, changing change: (inout [String: Any]) -> Void) throws -> String {
        "\(try #require(#expect(throws: ModelError.self) { try load(family, changing: change) }))"
    }

    @Test("what tensors do not tell is not guessed", arguments: ["tiny-eva02", "tiny-dinov3", "tiny-rope-mixed"])
    func rotaryUntold(family: String) throws {
        #expect(try refusal(family) { $0["architecture"] = nil }.contains("rotary"))
    }

    @Test("what is stated agrees with the tensors, or is refused by its name")
    func statements() throws {
        let cases: [(family: String, member: String, value: Any)] = [
            ("tiny-deit3", "init_values", 0), ("tiny-registers-gap", "reg_tokens", 3),
            ("tiny-registers-gap", "class_token", true), ("tiny-clip-quickgelu", "pre_norm", false),
            ("tiny-qk-norm-rms", "qk_norm", false), ("tiny-eva02", "scale_mlp", false),
            ("tiny-beit", "use_shared_rel_pos_bias", true), ("tiny-deit-distilled", "distilled", false),
        ]
        for (family, member, value) in cases {
            let text = try refusal(family) { config in
                var arguments = config["model_args"] as? [String: Any] ?? [:]
                arguments[member] = value
                config["model_args"] = arguments
            }
            #expect(text.contains("\(member) in config.json"), "\(text)")
        }
    }

    @Test("what an architecture does not compute is named")
    func uncomputable() throws {
        for (architecture, feature) in [
            ("vit_base_patch16_sapiens2", "grouped queries"), ("vit_base_patch16_xp_224", "parallel scaling"),
            ("vit_dwee_patch16_reg1_gap_256", "differential attention"),
        ] {
            #expect(try refusal("tiny-deit3") { $0["architecture"] = architecture }.contains(feature))
        }
    }

    @Test("pooling that there is not is refused with what there is")
    func poolings() throws {
        let model = try load("tiny-registers-gap")
        #expect(model.interface.poolings == [.mean, .tokens])
        let error = #expect(throws: ModelError.self) { try EmbeddingOptions(pooling: .cls).validate(for: model) }
        #expect("\(try #require(error))".contains("mean, tokens"))
        #expect(try load("tiny-siglip-map").interface.pooling == .map)
    }

    @Test(
        "other image sizes are taken",
        arguments: ["tiny-beit", "tiny-beit-shared", "tiny-hf-beit-resized", "tiny-dinov3"])
    func otherSizes(family: String) throws {
        let options = ModelLoadOptions(imageSize: [64, 32])
        let other = try Model.load(Fixture.root + "/checkpoints/" + family, options: options)
        #expect(other.interface.patches == 32)
        let answer = try ModelSession(other, engine: Engine(threads: 1)).embed(images(other, 1))
        #expect(answer[0].values.allSatisfy { $0.isFinite })
    }

    @Test("a patch embedding over several frames is refused")
    func frames() throws {
        let file = try TensorFile(path: Fixture.root + "/checkpoints/tiny-one-frame/model.safetensors")
        var table = TensorTable()
        for (name, tensor) in try file.tensors() {
            let isEmbedding = name == "patch_embed.proj.weight"
            _ = table.append(name, isEmbedding ? try #require(tensor.reshaped([24, 3, 2, 4, 8])) : tensor)
        }
        let changed = try TemporaryFile(".safetensors")
        try SafetensorsWriter.write(table, to: changed.path)
        let error = #expect(throws: ModelError.self) { try Model.load(changed.path) }
        #expect("\(try #require(error))".contains("over 2 frames"))
    }

    /// What a file of one's own claims is checked before anything is made of it.
    @Test func hostileCompositions() throws {
        var configuration = try #require(load("tiny-beit").configuration)
        configuration.composition.tokens.prefix = [PrefixToken(name: "cls_token", count: 1 << 40)]
        #expect(throws: ModelError.self) { try Model.synthetic(configuration, name: "hostile") }
        configuration = try #require(load("tiny-beit").configuration)
        configuration.imageSize = [16000, 16000]
        #expect(throws: ModelError.self) { try Model.synthetic(configuration, name: "hostile") }
        configuration = try #require(load("tiny-dinov3").configuration)
        configuration.composition.block.rotary?.temperature = -1
        #expect(throws: ModelError.self) { try Model.synthetic(configuration, name: "hostile") }
        configuration = try #require(load("tiny-siglip-map").configuration)
        configuration.composition.attentionPool?.heads = 0
        #expect(throws: ModelError.self) { try Model.synthetic(configuration, name: "hostile") }
    }
}
