internal import UnmaskGraph
internal import UnmaskWeights

/// How transformers' families call what timm's names are for.
struct TransformersSpelling {
    /// Where a family's model stands in a model with a head.
    static let stems = [
        "vit.", "deit.", "dinov2.", "dinov2_with_registers.", "beit.", "data2vec_vision.", "ijepa.", "vision_model.",
    ]

    /// Where layers stand: in files that `save_pretrained` writes, and in transformers 5's own `state_dict()`.
    private static let layerPrefixes = [
        ("encoder.layer.", "blocks"), ("encoder.layers.", "blocks"), ("layers.", "blocks"), ("model.layer.", "blocks"),
        ("layer.", "blocks"), ("decoder.decoder_layers.", "decoder_blocks"),
        ("decoder.decoder_encoder.layer.", "decoder_blocks"),
    ]
    /// Modules within a layer.
    private static let layerWords = [
        "layernorm_before": "norm1", "layernorm_after": "norm2", "attention.output.dense": "attn.proj",
        "intermediate.dense": "mlp.fc1", "output.dense": "mlp.fc2", "attention.o_proj": "attn.proj",
        "mlp.fc1": "mlp.fc1", "mlp.fc2": "mlp.fc2", "norm1": "norm1", "norm2": "norm2", "layer_norm1": "norm1",
        "layer_norm2": "norm2", "self_attn.out_proj": "attn.proj", "mlp.weights_in": "mlp.fc1",
        "mlp.weights_out": "mlp.fc2", "mlp.down_proj": "mlp.fc2",
    ]
    /// Parameters within a layer that belong to no module of timm's.
    private static let layerParameters = [
        "lambda_1": "ls1.gamma", "lambda_2": "ls2.gamma", "layer_scale1.lambda1": "ls1.gamma",
        "layer_scale2.lambda1": "ls2.gamma",
        "attention.attention.relative_position_bias.relative_position_bias_table": RelativePositions.blockTable,
        "relative_position_bias.relative_position_bias_table": RelativePositions.blockTable,
    ]
    private static let words = [
        "embeddings.patch_embeddings.projection": "patch_embed.proj", "embeddings.patch_embeddings": "patch_embed.proj",
        "embeddings.patch_embedding": "patch_embed.proj", "pre_layrnorm": "norm_pre", "layernorm": "norm",
        "norm": "norm", "post_layernorm": "norm", "pooler.layernorm": "fc_norm", "classifier": "head",
        "cls_classifier": "head", "distillation_classifier": "head_dist",
        "decoder.decoder_embed": "decoder_embed", "decoder.decoder_norm": "decoder_norm",
        "decoder.decoder_pred": "decoder_pred", "head.attention.out_proj": "attn_pool.proj",
        "head.layernorm": "attn_pool.norm", "head.mlp.fc1": "attn_pool.mlp.fc1", "head.mlp.fc2": "attn_pool.mlp.fc2",
    ]
    private static let parameters = [
        "embeddings.cls_token": "cls_token", "embeddings.class_embedding": "cls_token",
        "embeddings.distillation_token": "dist_token", "embeddings.register_tokens": "reg_token",
        "embeddings.position_embeddings": "pos_embed", "embeddings.position_embedding.weight": "pos_embed",
        "decoder.mask_token": "mask_token", "decoder.decoder_pos_embed": "decoder_pos_embed",
        "head.probe": "attn_pool.latent",
        "encoder.relative_position_bias.relative_position_bias_table": RelativePositions.sharedTable,
    ]
    /// What plays no part in embeddings: the tanh pooler of ViTModel and DeiTModel, and the mask token of models without a
    /// decoder.
    private static let unused: Set<String> = ["pooler.dense.weight", "pooler.dense.bias", "embeddings.mask_token"]
    /// What q, k and v are called, and in which order they stand in the joint `qkv`.
    private static let parts = ["query": 0, "key": 1, "value": 2, "q_proj": 0, "k_proj": 1, "v_proj": 2]

    /// The name without the stem that it stands below.
    private static func bare(_ name: String) -> String {
        stems.first { name.hasPrefix($0) }.map { String(name.dropFirst($0.count)) } ?? name
    }

    /// The tensors in timm's names, with what each was called; those without a timm name keep their own.
    /// - Parameter keysHaveNoBias: whether a bias of k that is not there is zero.
    static func renamed(
        _ table: TensorTable, keysHaveNoBias: Bool
    ) -> (tensors: [String: Tensor], originals: [String: String]) {
        var tensors: [String: Tensor] = [:]
        var originals: [String: String] = [:]
        var joints: [String: [Int: (name: String, tensor: Tensor)]] = [:]
        let hasGate = table.contains { $0.name.hasSuffix(".mlp.gate_proj.weight") }
        for (original, tensor) in table {
            let name = bare(original)
            if unused.contains(name) { continue }
            if let (joint, part) = jointPart(name, hasGate: hasGate) {
                joints[joint, default: [:]][part] = (original, tensor)
            } else {
                let mine = parameters[name] ?? layer(name) ?? name.renamingModule(words) ?? original
                tensors[mine] = shaped(tensor, as: mine)
                originals[mine] = original
            }
        }
        for (name, parts) in joints {
            originals[name] = parts.sorted { $0.key < $1.key }.map(\.value.name).joined(separator: " + ")
            var operands = (0..<(name.contains(".attn.qkv.") ? 3 : 2)).map { parts[$0]?.tensor }
            if keysHaveNoBias, name.hasSuffix("attn.qkv.bias"), operands[1] == nil { operands[1] = operands[0]?.zeros }
            guard let joint = Tensor(joining: operands) else {
                // What is there is reported under its own names, with what is missing beside it.
                for part in parts.values { tensors[part.name] = part.tensor }
                continue
            }
            tensors[name] = joint
        }
        splitPoolProjection(&tensors)
        return (tensors, originals)
    }

    /// `encoder.layer.3.output.dense.bias` → `blocks.3.mlp.fc2.bias`; nil for other names.
    private static func layer(_ name: String) -> String? {
        guard let (block, rest) = blockAndRest(name) else { return nil }
        if let parameter = layerParameters[rest] { return "\(block).\(parameter)" }
        if rest.hasPrefix("mlp.up_proj.") { return "\(block).mlp.fc1" + rest.dropFirst("mlp.up_proj".count) }
        return rest.renamingModule(layerWords).map { "\(block).\($0)" }
    }

    /// `encoder.layer.3.attention.attention.query.bias`, or `layers.3.attention.q_proj.bias` → (`blocks.3.attn.qkv.bias`,
    /// 0), and both halves of a gated MLP; nil for other names.
    private static func jointPart(_ name: String, hasGate: Bool) -> (joint: String, part: Int)? {
        guard let (block, rest) = blockAndRest(name) else { return nil }
        let words = rest.split(separator: ".").map(String.init)
        guard words.count >= 3, let last = words.last else { return nil }
        let module = words.dropLast(2).joined(separator: ".")
        if ["attention", "attention.attention", "self_attn"].contains(module), let part = parts[words[words.count - 2]]
        {
            return ("\(block).attn.qkv.\(last)", part)
        }
        if hasGate, module == "mlp", let part = ["gate_proj": 0, "up_proj": 1][words[words.count - 2]] {
            return ("\(block).mlp.fc1.\(last)", part)
        }
        return nil
    }

    private static func blockAndRest(_ name: String) -> (block: String, rest: String)? {
        for (prefix, mine) in layerPrefixes where name.hasPrefix(prefix) {
            let parts = name.dropFirst(prefix.count).split(separator: ".", maxSplits: 1)
            if parts.count == 2, let index = Int(parts[0]) { return ("\(mine).\(index)", String(parts[1])) }
        }
        return nil
    }

    /// Tokens and positions have an axis for the batch in timm.
    private static func shaped(_ tensor: Tensor, as name: String) -> Tensor {
        switch (name, tensor.shape.count) {
        case ("cls_token", 1): tensor.reshaped([1, 1] + tensor.shape) ?? tensor
        case ("pos_embed", 2): tensor.reshaped([1] + tensor.shape) ?? tensor
        default: tensor
        }
    }

    /// PyTorch's joint projection of attention pooling as timm's two: of the query, and of keys and values.
    private static func splitPoolProjection(_ tensors: inout [String: Tensor]) {
        for (theirs, last) in [("head.attention.in_proj_weight", "weight"), ("head.attention.in_proj_bias", "bias")] {
            let name = tensors.keys.first { bare($0) == theirs }
            guard let name, let joint = tensors[name], let rows = joint.shape.first, rows % 3 == 0,
                let query = joint.rows(0..<rows / 3), let rest = joint.rows(rows / 3..<rows)
            else { continue }
            tensors[name] = nil
            tensors["attn_pool.q.\(last)"] = query
            tensors["attn_pool.kv.\(last)"] = rest
        }
    }
}

extension Tensor {
    /// Tensors that follow one another along the first axis; nil where one is absent or they do not fit together.
    init?(joining parts: [Tensor?]) {
        let present = parts.compactMap(\.self)
        guard let first = present.first, present.count == parts.count, let rows = first.shape.first,
            present.allSatisfy({ $0.shape == first.shape && $0.type == first.type })
        else { return nil }
        self.init(
            shape: [parts.count * rows] + first.shape.dropFirst(), type: first.type, contents: .joined(present))
    }

    /// As many zeros.
    var zeros: Tensor? {
        Tensor(shape: shape, type: type, contents: .owned([UInt8](repeating: 0, count: byteCount)))
    }

    /// Some rows along the first axis, of the same file where it is one.
    func rows(_ range: Range<Int>) -> Tensor? {
        guard let count = shape.first, count > 0, range.lowerBound >= 0, range.upperBound <= count else { return nil }
        let bytes = byteCount / count
        let part = range.lowerBound * bytes..<range.upperBound * bytes
        let shape = [range.count] + shape.dropFirst()
        if case .mapped(let file, let place) = contents {
            let start = place.lowerBound
            return Tensor(
                shape: shape, type: type,
                contents: .mapped(file, start + part.lowerBound..<start + part.upperBound))
        }
        return withBytes { Tensor(shape: shape, type: type, contents: .owned(Array($0[part]))) }
    }
}
