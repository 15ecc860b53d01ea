internal import UnmaskWeights

/// MMPretrain's and MMSelfSup's VisionTransformer and MAE: `backbone.layers.N.ln1`, `ffn.layers`, the decoder as `neck`.
enum MMPretrainLayout: CheckpointLayout {
    private static let stem = "backbone."

    static let pattern = StateDictPattern(
        name: "MMPretrain",
        required: [
            "patch_embed.projection.weight", "cls_token", "pos_embed", "layers.0.ln1.weight",
            "layers.0.attn.qkv.weight",
        ], stems: [stem])

    private static let words = [
        "patch_embed.projection": "patch_embed.proj", "ln1": "norm", "ln2": "fc_norm",
    ]
    /// Beside the backbone.
    private static let ends = [
        "head.layers.head": "head", "head.fc": "head", "head.layers.pre_logits": "pre_logits",
        "neck.decoder_embed": "decoder_embed", "neck.decoder_norm": "decoder_norm", "neck.ln1": "decoder_norm",
        "neck.decoder_pred": "decoder_pred",
    ]
    private static let tokens = ["neck.mask_token": "mask_token", "neck.decoder_pos_embed": "decoder_pos_embed"]
    private static let layerWords = [
        "ln1": "norm1", "ln2": "norm2", "attn.qkv": "attn.qkv", "attn.proj": "attn.proj",
        "ffn.layers.0.0": "mlp.fc1", "ffn.layers.1": "mlp.fc2",
    ]
    private static let layers = [("layers.", "blocks"), ("neck.decoder_blocks.", "decoder_blocks")]

    static func read(_ source: LayoutSource, _ options: ModelLoadOptions) throws(ModelError) -> Checkpoint {
        let (tensors, originals) = source.renamed(timmName)
        return try TimmLayout.read(source, renamed: tensors, originals: originals, usual: .training, options)
    }

    private static func timmName(_ original: String) -> String? {
        let isBackbone = original.hasPrefix(stem)
        let name = isBackbone ? String(original.dropFirst(stem.count)) : original
        if name == "cls_token" || name == "pos_embed" { return name }
        if let token = tokens[name] { return token }
        for (prefix, block) in layers where name.hasPrefix(prefix) {
            let parts = name.dropFirst(prefix.count).split(separator: ".", maxSplits: 1).map(String.init)
            guard parts.count == 2, let index = Int(parts[0]) else { return nil }
            return parts[1].renamingModule(layerWords).map { "\(block).\(index).\($0)" }
        }
        return name.renamingModule(words) ?? name.renamingModule(ends)
    }
}
