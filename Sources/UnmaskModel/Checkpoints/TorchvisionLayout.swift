internal import UnmaskGraph
internal import UnmaskWeights

/// torchvision's `vit_*`: `conv_proj`, blocks under `encoder.layers.encoder_layer_N`, `heads.head`.
enum TorchvisionLayout: CheckpointLayout {
    static let pattern = StateDictPattern(
        name: "torchvision",
        required: ["conv_proj.weight", "class_token", "encoder.pos_embedding", "encoder.ln.weight"])

    private static let words = [
        "conv_proj": "patch_embed.proj", "encoder.ln": "norm", "heads.head": "head", "heads.pre_logits": "pre_logits",
    ]
    private static let tokens = ["class_token": "cls_token", "encoder.pos_embedding": "pos_embed"]
    /// Files of before torchvision 0.14 have the MLP's layers as `linear_1` and `linear_2`.
    private static let layerWords = [
        "ln_1": "norm1", "ln_2": "norm2", "self_attention.out_proj": "attn.proj", "mlp.0": "mlp.fc1",
        "mlp.3": "mlp.fc2", "mlp.linear_1": "mlp.fc1", "mlp.linear_2": "mlp.fc2",
    ]
    private static let layer = "encoder.layers.encoder_layer_"

    static func read(_ source: LayoutSource, _ options: ModelLoadOptions) throws(ModelError) -> Checkpoint {
        let (tensors, originals) = source.renamed(timmName)
        return try TimmLayout.read(source, renamed: tensors, originals: originals, usual: .training, options)
    }

    /// `encoder.layers.encoder_layer_3.mlp.0.bias` → `blocks.3.mlp.fc1.bias`; nil for what has no timm name.
    private static func timmName(_ name: String) -> String? {
        if let token = tokens[name] { return token }
        if name.hasPrefix(layer) {
            let parts = name.dropFirst(layer.count).split(separator: ".", maxSplits: 1).map(String.init)
            guard parts.count == 2, let index = Int(parts[0]) else { return nil }
            // The joint projection's weight and bias have names of their own.
            switch parts[1] {
            case "self_attention.in_proj_weight": return "blocks.\(index).attn.qkv.weight"
            case "self_attention.in_proj_bias": return "blocks.\(index).attn.qkv.bias"
            default: return parts[1].renamingModule(layerWords).map { "blocks.\(index).\($0)" }
            }
        }
        return name.renamingModule(words)
    }
}

extension LayoutSource {
    /// The tensors by the names that `rename` gives, with what each was called; those without one keep theirs.
    func renamed(
        _ rename: (String) -> String?
    ) -> (tensors: [String: Tensor], originals: [String: String]) {
        var renamed: [String: Tensor] = [:]
        var originals: [String: String] = [:]
        for (original, tensor) in tensors {
            // A file that has both spellings of one parameter is told of the second by its own name.
            let mine = rename(original).flatMap { renamed[$0] == nil ? $0 : nil } ?? original
            renamed[mine] = tensor
            originals[mine] = original
        }
        return (renamed, originals)
    }
}

extension String {
    /// `ln_1.weight` → `norm1.weight` where `words` says `ln_1` is `norm1`; nil for other modules.
    func renamingModule(_ words: [String: String]) -> String? {
        guard let dot = lastIndex(of: ".") else { return nil }
        return words[String(self[..<dot])].map { $0 + self[dot...] }
    }
}
