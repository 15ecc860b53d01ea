internal import UnmaskGraph
internal import UnmaskImage

/// timm's `hiera`, transformers', and Meta's own files: Hiera, and Hiera-MAE with its decoder.
enum HieraFamily: ArchitectureFamily {
    static func facts(of architecture: String) -> ArchitectureFacts? {
        let name = ArchitectureName(architecture)
        guard name.begins("hiera_") else { return nil }
        var facts = ArchitectureFacts()
        facts.heads = name.has("huge") ? 4 : name.has("large") || name.has("base", "plus") ? 2 : 1
        return facts
    }

    /// What is not said in a `config.json` of transformers.
    static func facts(config: [String: JSONMember]) -> ArchitectureFacts {
        var facts = ArchitectureFacts()
        // What is no whole number fits no width.
        facts.stageHeads = config["num_heads"]?.floats?.map { Int(exactly: $0) ?? 0 }
        facts.heads = facts.stageHeads?.first ?? 1
        facts.interpolation = .hf
        return facts
    }

    /// What each block's tensors are called in transformers, whose blocks are counted from stage to stage.
    static let words = [
        "layernorm_before": "norm1", "attn.qkv": "attn.qkv", "attn.proj": "attn.proj", "layernorm_after": "norm2",
        "mlp.fc1": "mlp.fc1", "mlp.fc2": "mlp.fc2", "proj": "proj",
    ]
    static let ends = [
        "embeddings.patch_embeddings.projection": "patch_embed.proj", "pooler.layernorm": "fc_norm",
        "layernorm": "fc_norm", "classifier": "head", "decoder.decoder_embeddings": "decoder_embed",
        "decoder.decoder_norm": "decoder_norm", "decoder.decoder_pred": "decoder_pred", "encoder_norm": "encoder_norm",
    ]
    static let parameters = [
        "embeddings.position_embeddings": "pos_embed", "decoder.mask_token": "mask_token",
        "decoder.decoder_position_embeddings": "decoder_pos_embed",
    ]
    /// Where what is counted stands: the decoder's blocks, and how each stage becomes one token a unit.
    static let counted = [
        ("decoder.decoder_block.layers.", "decoder_blocks"),
        ("multiscale_fusion.multi_scale_fusion_heads.", "multi_scale_fusion_heads"),
    ]
}

/// The architecture of a Hiera's tensors, in timm's names but for what stands behind the blocks.
struct ShapedHiera {
    let configuration: ModelConfiguration
    /// What was assumed.
    let notes: [String]

    /// Whether the last block is wider than the first one.
    static func recognises(_ shapes: TensorShapes) -> Bool {
        let last = shapes.depth("blocks") - 1
        guard let first = shapes["blocks.0.attn.proj.weight"]?.first,
            let widest = shapes["blocks.\(last).attn.proj.weight"]?.first
        else { return false }
        return shapes["pos_embed_win"] != nil || widest != first
    }

    init(
        _ shapes: TensorShapes, stated: StatedArchitecture, facts: ArchitectureFacts?, _ options: ModelLoadOptions,
        file: String
    ) throws(ModelError) {
        let isWindowed = shapes["pos_embed_win"] != nil
        let width = try shapes.size("patch_embed.proj.weight", 0, rank: 4)
        guard let heads = options.heads ?? stated.heads ?? facts?.heads else {
            throw .unsupported(
                file: file,
                feature: "a Hiera whose first stage's attention heads its tensors do not tell: --heads says them, or "
                    + "a config.json beside the file")
        }
        let plan = HieraPlan(
            stages: try Self.stages(shapes, heads: heads, options.heads == nil ? facts?.stageHeads : nil),
            kernel: try shapes.size("patch_embed.proj.weight", 2, rank: 4),
            projects: !isWindowed || shapes.hasProjection,
            globalPositions: isWindowed ? Array((shapes["pos_embed"] ?? []).dropFirst(2)) : nil)
        guard let last = plan.stages.last, plan.unit <= 1024 else {
            throw .unrecognised(file: file, detail: "its blocks are no stages")
        }
        var composition = Composition()
        composition.trunk = .hiera(plan)
        composition.tokens.prefix = []
        composition.tokens.positioned = nil
        composition.block.layerScale = shapes["blocks.0.ls1.gamma"] != nil
        let epsilon = stated.normEpsilon ?? facts?.normEpsilon ?? 1e-6
        var notes = stated.notes
        let decoder = try ShapedArchitecture.decoder(shapes, stated, options, epsilon: epsilon, &notes)
        self.notes = notes
        configuration = ModelConfiguration(
            imageSize: try Self.imageSize(shapes, plan, stated, options, file), patchSize: plan.stride * plan.unit,
            channels: try shapes.size("patch_embed.proj.weight", 1, rank: 4), width: last.width,
            depth: plan.blocks.count, heads: 1, mlpWidth: last.mlpWidth,
            normEpsilon: epsilon, gelu: stated.gelu ?? .erf,
            finalNorm: false, fcNorm: shapes["fc_norm.weight"] != nil, pooling: .mean,
            classes: shapes["head.weight"]?.first ?? 0, positionInterpolation: facts?.interpolation ?? .timm,
            decoder: decoder, composition: composition)
        guard width == plan.stages[0].width else {
            throw .unrecognised(
                file: file, detail: "its patches are embedded in \(width) numbers, and its first block has others")
        }
        try configuration.validate()
    }

    /// A stage begins where blocks widen, and has twice as many heads as the one before where nothing says how many.
    private static func stages(
        _ shapes: TensorShapes, heads: Int, _ stated: [Int]?
    ) throws(ModelError) -> [HieraPlan.Stage] {
        var stages: [HieraPlan.Stage] = []
        for index in 0..<shapes.depth("blocks") {
            let width = try shapes.size("blocks.\(index).attn.proj.weight", 0, rank: 2)
            if stages.last?.width == width {
                stages[stages.count - 1].depth += 1
            } else {
                stages.append(
                    HieraPlan.Stage(
                        width: width, depth: 1,
                        heads: stated.flatMap { stages.count < $0.count ? $0[stages.count] : nil }
                            ?? saturatingProduct(heads, 1 << min(stages.count, 16)),
                        mlpWidth: try shapes.size("blocks.\(index).mlp.fc1.weight", 0, rank: 2),
                        attendsInUnits: stages.count < 2))
            }
        }
        return stages
    }

    private static func imageSize(
        _ shapes: TensorShapes, _ plan: HieraPlan, _ stated: StatedArchitecture, _ options: ModelLoadOptions,
        _ file: String
    ) throws(ModelError) -> [Int] {
        let candidates = [stated.imageSize?.sides, options.imageSize].compactMap(\.self)
        if plan.globalPositions != nil, let size = candidates.first { return size }
        if plan.globalPositions == nil {
            let count = try shapes.size("pos_embed", 1, rank: 3)
            let side = plan.stride * Int(Double(max(count, 0)).squareRoot().rounded())
            for size in candidates + [[side, side]] where size.allSatisfy({ (1...Recipe.maximumSide).contains($0) }) {
                if size.reduce(1, { $0 * ($1 / plan.stride) }) == count { return size }
            }
        }
        throw .unrecognised(
            file: file,
            detail: "nothing states an image size that its positions fit: --size HEIGHTxWIDTH says it, or img_size in "
                + "a config.json beside the file")
    }
}

extension TensorShapes {
    /// Whether what a block widens is projected.
    fileprivate var hasProjection: Bool { (0..<depth("blocks")).contains { self["blocks.\($0).proj.weight"] != nil } }
}
