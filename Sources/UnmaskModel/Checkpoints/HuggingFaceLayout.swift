internal import UnmaskGraph
internal import UnmaskImage
internal import UnmaskWeights

/// Folders of Hugging Face's `save_pretrained` for ViTMAE and ViT: separate q, k and v, names of their own, and a
/// `config.json` that states the architecture.
enum HuggingFaceLayout {
    private static let patchEmbedding = "embeddings.patch_embeddings.projection.weight"

    static func recognises(_ names: Set<String>) -> Bool {
        names.contains { $0 == patchEmbedding || $0.hasSuffix("." + patchEmbedding) }
    }

    static func read(
        _ file: TensorFile, place: CheckpointPlace, _ options: ModelLoadOptions
    ) throws(ModelError) -> Checkpoint {
        guard let config = try place.json("config.json", as: HuggingFaceConfig.self) else {
            throw .unrecognised(
                file: file.path,
                detail: "a Hugging Face checkpoint needs its config.json beside it, and there is none")
        }
        let (tensors, originals) = renamed(file)
        let configuration = try config.configuration(
            file: file.path, classes: tensors["head.weight"]?.shape.first ?? 0,
            finalNorm: tensors["norm.weight"] != nil, hasDecoder: tensors["mask_token"] != nil)
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
            originalNames: originals)
    }

    // MARK: Names

    /// Where layers stand; transformers 5 has a second way for the decoder's.
    private static let layerPrefixes = [
        ("encoder.layer.", "blocks"), ("decoder.decoder_layers.", "decoder_blocks"),
        ("decoder.decoder_encoder.layer.", "decoder_blocks"),
    ]

    /// Hugging Face's words within a layer, and timm's.
    private static let layerWords = [
        "layernorm_before": "norm1", "layernorm_after": "norm2", "attention.output.dense": "attn.proj",
        "intermediate.dense": "mlp.fc1", "output.dense": "mlp.fc2",
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

    private static func renamed(_ file: TensorFile) -> (tensors: [String: Tensor], originals: [String: String]) {
        var tensors: [String: Tensor] = [:]
        var originals: [String: String] = [:]
        var separate: [String: [String: Tensor]] = [:]
        for (original, tensor) in file.tensors {
            let name = original.hasPrefix("vit.") ? String(original.dropFirst(4)) : original
            if unused.contains(name) { continue }
            if let (joint, part) = attentionPart(name) {
                separate[joint, default: [:]][part] = tensor
                originals[joint] = original.replacing("." + part + ".", with: ".{query,key,value}.")
            } else {
                let mine = words[name] ?? layer(name) ?? original
                tensors[mine] = tensor
                originals[mine] = original
            }
        }
        for (name, parts) in separate {
            guard let q = parts["query"], let k = parts["key"], let v = parts["value"], q.shape == k.shape,
                k.shape == v.shape, let first = q.shape.first,
                let joint = Tensor(
                    shape: [3 * first] + q.shape.dropFirst(), type: q.type, contents: .joined([q, k, v]))
            else {
                // What is there is reported under its own names, with what is missing beside it.
                for (part, tensor) in parts { tensors[name + "." + part] = tensor }
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

    /// `encoder.layer.3.attention.attention.query.bias` → (`blocks.3.attn.qkv.bias`, `query`); nil for other names.
    private static func attentionPart(_ name: String) -> (joint: String, part: String)? {
        guard let (block, rest) = blockAndRest(name), rest.hasPrefix("attention.attention.") else { return nil }
        let words = rest.split(separator: ".")
        guard words.count == 4, ["query", "key", "value"].contains(words[2]) else { return nil }
        return ("\(block).attn.qkv.\(words[3])", String(words[2]))
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
