internal import UnmaskGraph

/// What tensors in timm's names show a Vision Transformer to be put together of. Which tokens have positions is told apart
/// (`PatchGridChoice`).
struct ShapedComposition {
    let composition: Composition

    init(_ shapes: TensorShapes, facts: ArchitectureFacts?, file: String) throws(ModelError) {
        var result = Composition()
        let width = try shapes.size("patch_embed.proj.weight", 0, rank: 4)
        result.tokens.prefix = []
        if shapes["cls_token"] != nil { result.tokens.prefix.append(.cls) }
        if shapes["dist_token"] != nil { result.tokens.prefix.append(.distillation) }
        if shapes["reg_token"] != nil {
            result.tokens.prefix.append(.registers(try shapes.size("reg_token", 1, rank: 3)))
        }
        result.tokens.patchBias = shapes["patch_embed.proj.bias"] != nil
        result.tokens.patchNorm = shapes["patch_embed.norm.weight"] != nil
        result.tokens.preNorm = shapes["norm_pre.weight"] != nil
        result.isDistilled = shapes["head_dist.weight"] != nil
        result.headJoinsMean = shapes["head.weight"].map { $0.count == 2 && $0[1] == 2 * width } ?? false

        let block = "blocks.0."
        func has(_ name: String) -> Bool { shapes[block + name] != nil }
        let inner = try shapes.size(block + "attn.proj.weight", 1, rank: 2)
        let middle = try shapes.size(block + "mlp.fc2.weight", 1, rank: 2)
        let expanded = try shapes.size(block + "mlp.fc1.weight", 0, rank: 2)
        result.block.norm = has("norm1.bias") ? .layer : .rms
        result.block.normPlace = facts?.normPlace ?? .before
        result.block.attentionWidth = inner == width ? nil : inner
        result.block.queryKeyNorm = has("attn.q_norm.weight")
        result.block.rotary = facts?.rotary
        result.block.relativePositions =
            has("attn.rel_pos_h")
            ? .decomposed
            : has(RelativePositions.blockTable)
                ? .perBlock : shapes[RelativePositions.sharedTable] != nil ? .shared : nil
        result.block.attentionNorm = has("attn.norm.weight")
        result.block.projectionBias = has("attn.proj.bias")
        // A gated MLP's first layer makes both halves.
        result.block.gate = expanded == 2 * middle ? facts?.gate ?? .silu : nil
        result.block.mlpNorm = has("mlp.norm.weight")
        result.block.mlpBias = has("mlp.fc1.bias")
        result.block.layerScale = has("ls1.gamma")
        // timm's SAM without a neck has the norm of one in its place.
        if result.block.relativePositions == .decomposed, shapes["norm.weight"] != nil {
            result.finalNormEpsilon = 1e-6
        }
        if shapes["neck.0.weight"] != nil {
            result.neck = Neck(width: try shapes.size("neck.0.weight", 0, rank: 4), epsilon: 1e-6)
        }
        if shapes["attn_pool.latent"] != nil {
            result.attentionPool = AttentionPool(
                heads: 1, mlpWidth: try shapes.size("attn_pool.mlp.fc1.weight", 0, rank: 2), gelu: .erf,
                readsPrefix: facts?.poolReadsPrefix ?? (result.tokens.prefix.isEmpty))
        }
        composition = result
        try Self.refuseUntold(shapes, result, facts, file: file)
    }

    /// Rotary positions leave no tensors: what may have them is not read without its architecture's name.
    private static func refuseUntold(
        _ shapes: TensorShapes, _ composition: Composition, _ facts: ArchitectureFacts?, file: String
    ) throws(ModelError) {
        guard facts?.rotary == nil, composition.block.relativePositions == nil else { return }
        let isWithoutPositions = shapes["pos_embed"] == nil
        let isOfEVA =
            facts == nil
            && (composition.block.attentionNorm || composition.block.mlpNorm || shapes[Rotary.frequencies] != nil)
        guard isWithoutPositions || isOfEVA else { return }
        throw .unsupported(
            file: file,
            feature:
                "it has no pos_embed, or its positions may be rotary, which its tensors do not tell: put timm's "
                + "config.json beside the file, whose “architecture” says what it is")
    }
}
