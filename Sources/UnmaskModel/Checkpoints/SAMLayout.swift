internal import UnmaskGraph
internal import UnmaskWeights

/// SAM's image encoder in the names of its own code, which are timm's but for the MLP's.
enum SAMLayout: CheckpointLayout {
    static let pattern = StateDictPattern(
        name: "SAM", required: ["patch_embed.proj.weight", "blocks.0.mlp.lin1.weight", "blocks.0.attn.rel_pos_h"])

    static func read(_ source: LayoutSource, _ options: ModelLoadOptions) throws(ModelError) -> Checkpoint {
        let (tensors, originals) = source.renamed { $0.renamingModule(within: "blocks.", words) }
        return try TimmLayout.read(source, renamed: tensors, originals: originals, usual: .training, options)
    }

    private static let words = ["mlp.lin1": "mlp.fc1", "mlp.lin2": "mlp.fc2"]
}

/// The same in transformers' names.
enum HuggingFaceSAMLayout: CheckpointLayout {
    static let pattern = StateDictPattern(
        name: "Hugging Face's SAM",
        required: ["patch_embed.projection.weight", "layers.0.mlp.lin1.weight", "layers.0.attn.rel_pos_h"],
        stems: [stem])

    private static let stem = "vision_encoder."
    private static let words = [
        "patch_embed.projection": "patch_embed.proj", "neck.conv1": "neck.0", "neck.layer_norm1": "neck.1",
        "neck.conv2": "neck.2", "neck.layer_norm2": "neck.3",
    ]
    private static let layerWords = [
        "layer_norm1": "norm1", "layer_norm2": "norm2", "mlp.lin1": "mlp.fc1", "mlp.lin2": "mlp.fc2",
        "attn.qkv": "attn.qkv", "attn.proj": "attn.proj", "attn": "attn",
    ]

    static func read(_ source: LayoutSource, _ options: ModelLoadOptions) throws(ModelError) -> Checkpoint {
        try HuggingFaceLayout.read(source, renaming: name, shaped: shaped, options)
    }

    private static func name(_ original: String) -> String? {
        let name = original.hasPrefix(stem) ? String(original.dropFirst(stem.count)) : original
        if name == "pos_embed" { return name }
        guard let (layer, rest) = name.numbered(after: "layers.") else { return name.renamingModule(words) }
        return rest.renamingModule(layerWords).map { "blocks.\(layer).\($0)" }
    }

    /// Positions stand on their grid.
    private static func shaped(_ tensor: Tensor, as name: String) -> Tensor {
        guard name == "pos_embed", tensor.shape.count == 4 else { return tensor }
        let shape = tensor.shape
        return tensor.reshaped([shape[0], saturatingProduct(shape[1], shape[2]), shape[3]]) ?? tensor
    }
}

extension String {
    /// `blocks.3.mlp.lin1.bias` → `blocks.3.mlp.fc1.bias`, where `words` says so of what follows the number; nil for others.
    fileprivate func renamingModule(within prefix: String, _ words: [String: String]) -> String? {
        guard let (number, rest) = numbered(after: prefix) else { return nil }
        return rest.renamingModule(words).map { "\(prefix)\(number).\($0)" }
    }
}
