internal import UnmaskGraph
internal import UnmaskImage
internal import UnmaskWeights

/// Folders of Hugging Face's `save_pretrained` for ViTMAE and ViT: separate q, k and v, names of their own, and a
/// `config.json` that states the architecture.
enum HuggingFaceLayout: CheckpointLayout {
    private static let stem = "vit."

    static let pattern = StateDictPattern(
        name: "Hugging Face",
        required: [
            "embeddings.patch_embeddings.projection.weight", "embeddings.cls_token", "embeddings.position_embeddings",
        ], stem: stem)

    static func read(_ source: LayoutSource, _ options: ModelLoadOptions) throws(ModelError) -> Checkpoint {
        let place = source.place
        guard let config = try place.json("config.json", as: HuggingFaceConfig.self) else {
            throw .unrecognised(
                file: source.file,
                detail: "a Hugging Face checkpoint needs its config.json beside it, and there is none")
        }
        let stated = try StatedArchitecture(
            config: try place.json("config.json", as: [String: JSONMember].self), metadata: [:],
            file: source.file)
        var (tensors, originals) = renamed(source.tensors)
        var notes = stated.notes
        let projection = tensors.removeProjection()
        if !projection.isEmpty { notes.append("unused, a classifier that is no linear layer: \(brief(projection))") }
        let configuration = try config.configuration(
            file: source.file, classes: tensors["head.weight"]?.shape.first ?? 0,
            finalNorm: tensors["norm.weight"] != nil, hasDecoder: tensors["decoder_embed.weight"] != nil)
        try configuration.validate()
        var resolver = try RecipeResolver(
            imageSize: options.imageSize ?? configuration.imageSize, channels: configuration.channels,
            usual: .transformers(isMAE: config.isMAE))
        try resolver.add(filesBeside: place)
        try resolver.add(options.recipe)
        return Checkpoint(
            configuration: configuration,
            preparation: try resolver.resolve(),
            labels: config.labels(count: configuration.classes), licence: config.license, tensors: tensors,
            originalNames: originals, notes: notes)
    }

    // MARK: Names

    /// Where layers stand: in files that `save_pretrained` writes, and in transformers 5's own `state_dict()`.
    private static let layerPrefixes = [
        ("encoder.layer.", "blocks"), ("layers.", "blocks"), ("decoder.decoder_layers.", "decoder_blocks"),
        ("decoder.decoder_encoder.layer.", "decoder_blocks"),
    ]

    /// Hugging Face's words within a layer, and timm's.
    private static let layerWords = [
        "layernorm_before": "norm1", "layernorm_after": "norm2", "attention.output.dense": "attn.proj",
        "intermediate.dense": "mlp.fc1", "output.dense": "mlp.fc2",
        "attention.o_proj": "attn.proj", "mlp.fc1": "mlp.fc1", "mlp.fc2": "mlp.fc2",
    ]
    private static let words = [
        "embeddings.cls_token": "cls_token", "embeddings.position_embeddings": "pos_embed",
        "embeddings.patch_embeddings.projection.weight": "patch_embed.proj.weight",
        "embeddings.patch_embeddings.projection.bias": "patch_embed.proj.bias",
        "layernorm.weight": "norm.weight", "layernorm.bias": "norm.bias",
        "classifier.weight": "head.weight", "classifier.bias": "head.bias",
        "decoder.mask_token": "mask_token", "decoder.decoder_pos_embed": "decoder_pos_embed",
        "decoder.decoder_embed.weight": "decoder_embed.weight", "decoder.decoder_embed.bias": "decoder_embed.bias",
        "decoder.decoder_norm.weight": "decoder_norm.weight", "decoder.decoder_norm.bias": "decoder_norm.bias",
        "decoder.decoder_pred.weight": "decoder_pred.weight", "decoder.decoder_pred.bias": "decoder_pred.bias",
    ]

    /// Parameters that play no part in embeddings: the tanh pooler of ViTModel, and the mask token of masked-image
    /// models without a decoder.
    private static let unused: Set<String> = ["pooler.dense.weight", "pooler.dense.bias", "embeddings.mask_token"]

    /// What q, k and v are called, and in which order they stand in the joint `qkv`.
    private static let parts = ["query": 0, "key": 1, "value": 2, "q_proj": 0, "k_proj": 1, "v_proj": 2]

    private static func renamed(_ table: TensorTable) -> (tensors: [String: Tensor], originals: [String: String]) {
        var tensors: [String: Tensor] = [:]
        var originals: [String: String] = [:]
        var separate: [String: [Int: (name: String, tensor: Tensor)]] = [:]
        for (original, tensor) in table {
            let name = original.hasPrefix(stem) ? String(original.dropFirst(stem.count)) : original
            if unused.contains(name) { continue }
            if let (joint, part) = attentionPart(name) {
                separate[joint, default: [:]][part] = (original, tensor)
            } else {
                let mine = words[name] ?? layer(name) ?? original
                tensors[mine] = tensor
                originals[mine] = original
            }
        }
        for (name, parts) in separate {
            originals[name] = parts.sorted { $0.key < $1.key }.map(\.value.name).joined(separator: " + ")
            guard let q = parts[0]?.tensor, let k = parts[1]?.tensor, let v = parts[2]?.tensor, q.shape == k.shape,
                k.shape == v.shape, let first = q.shape.first,
                let joint = Tensor(
                    shape: [3 * first] + q.shape.dropFirst(), type: q.type, contents: .joined([q, k, v]))
            else {
                // What is there is reported under its own names, with what is missing beside it.
                for part in parts.values { tensors[part.name] = part.tensor }
                continue
            }
            tensors[name] = joint
        }
        return (tensors, originals)
    }

    /// `encoder.layer.3.output.dense.bias` → `blocks.3.mlp.fc2.bias`; nil for other names.
    private static func layer(_ name: String) -> String? {
        guard let (block, rest) = blockAndRest(name), let dot = rest.lastIndex(of: ".") else { return nil }
        return layerWords[String(rest[..<dot])].map { "\(block).\($0)\(rest[dot...])" }
    }

    /// `encoder.layer.3.attention.attention.query.bias`, or `layers.3.attention.q_proj.bias` → (`blocks.3.attn.qkv.bias`,
    /// 0); nil for other names.
    private static func attentionPart(_ name: String) -> (joint: String, part: Int)? {
        guard let (block, rest) = blockAndRest(name) else { return nil }
        let words = rest.split(separator: ".").map(String.init)
        guard words.count >= 3, words.dropLast(2) == ["attention"] || words.dropLast(2) == ["attention", "attention"],
            let part = parts[words[words.count - 2]]
        else { return nil }
        return ("\(block).attn.qkv.\(words[words.count - 1])", part)
    }

    private static func blockAndRest(_ name: String) -> (block: String, rest: Substring)? {
        for (prefix, mine) in layerPrefixes {
            guard name.hasPrefix(prefix) else { continue }
            let parts = name.dropFirst(prefix.count).split(separator: ".", maxSplits: 1)
            if parts.count == 2, let index = Int(parts[0]) { return ("\(mine).\(index)", parts[1]) }
        }
        return nil
    }
}
