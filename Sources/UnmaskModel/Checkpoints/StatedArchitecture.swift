internal import UnmaskGraph

/// What is said of an architecture beside its tensors: by a `config.json`, by timm's or transformers' words, and by the
/// arguments that a training script left in its `.pth`.
///
/// Nothing is passed over: a member is read, or one of those that change nothing, or refused where its value is not
/// computed, or reported as unknown.
struct StatedArchitecture {
    private let members: [String: JSONMember]
    /// Where each member stands, for messages.
    private let places: [String: String]
    /// Members that are not known.
    let notes: [String]

    /// - Parameters:
    ///   - config: of `config.json`; nil where there is none.
    ///   - metadata: of the tensors' file.
    init(
        config: [String: JSONMember]?, metadata: [String: String], file: String
    ) throws(ModelError) {
        var members: [String: JSONMember] = [:]
        var places: [String: String] = [:]
        func add(_ found: [String: JSONMember], _ place: (String) -> String) {
            for (name, value) in found where value != .null {
                members[name] = value
                places[name] = place(name)
            }
        }
        add(Self.arguments(metadata)) { "\($0) in the file's args" }
        var unknown: [String] = []
        if let config {
            var whole = config
            if case .object(let nested)? = config["model_args"] { whole.merge(nested) { $1 } }
            unknown = whole.keys.filter { Self.rules[$0] == nil && !Self.harmless.contains($0) }.sorted()
            if case .object(let pretrained)? = config["pretrained_cfg"], let size = pretrained["input_size"] {
                add(["input_size": size]) { "pretrained_cfg.\($0) in config.json" }
            }
            add(whole.filter { Self.rules[$0.key] != nil }) { "\($0) in config.json" }
        }
        self.members = members
        self.places = places
        var notes: [String] = []
        if !unknown.isEmpty {
            notes.append("config.json has members that are not known and not used: \(brief(unknown))")
        }
        if config?["problem_type"] == .string("multi_label_classification") {
            notes.append(
                "the classes do not exclude one another (problem_type in config.json), yet their scores are a softmax")
        }
        self.notes = notes
        try refuse(file: file)
    }

    /// Arguments whose names are an architecture's. Others are the script's own.
    private static func arguments(_ metadata: [String: String]) -> [String: JSONMember] {
        let modules: Set = ["model_kwargs", "model_args", "model_config", "model", "vit", "encoder", "backbone"]
        var found: [String: JSONMember] = [:]
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            let parts = key.split(separator: ".").map(String.init)
            let isArgument = parts.count <= 2 || (parts.count == 3 && modules.contains(parts[1]))
            guard isArgument, parts.count == 1 || parts[0] == "args", let name = parts.last, rules[name] != nil else {
                continue
            }
            found[name] = JSONMember(argument: value)
        }
        return found
    }

    private func refuse(file: String) throws(ModelError) {
        for (name, value) in members.sorted(by: { $0.key < $1.key }) {
            guard case .only(let values)? = Self.rules[name], !values.contains(value) else { continue }
            let expected = values.isEmpty ? "none" : values.map(\.summary).joined(separator: ", ")
            throw .unsupported(
                file: file,
                feature:
                    "\(places[name] ?? name) is \(value.summary); only \(expected) can be computed from a checkpoint: "
                    + ForeignFamily.way)
        }
    }

    // MARK: What is said

    private func first(_ names: String...) -> JSONMember? { names.lazy.compactMap { members[$0] }.first }

    var heads: Int? { first("num_heads", "num_attention_heads")?.integer }
    var normPix: Bool? { first("norm_pix_loss")?.bool }
    var normEpsilon: Float? { first("layer_norm_eps", "norm_eps")?.number.map { Float($0) } }

    /// The size with where it stands; nil where none is said or it is no size.
    var imageSize: (sides: [Int], place: String)? {
        for name in ["img_size", "image_size", "input_size"] {
            if let sides = members[name]?.size { return (sides, places[name] ?? name) }
        }
        return nil
    }

    /// MAE's scripts say whether patches are averaged; timm says how tokens are pooled.
    var pooling: Pooling? {
        switch first("global_pool") {
        case .string("avg")?, .bool(true)?: .mean
        case .string("token")?, .string("cls")?, .bool(false)?: .cls
        default: nil
        }
    }

    var gelu: GELU? {
        first("act_layer", "hidden_act")?.string.flatMap { Self.activations[$0.lowercased()] }
    }

    /// Sizes that the tensors show as well, where they say something else.
    func contradictions(width: Int, depth: Int, patch: Int, channels: Int) -> [String] {
        let shown: [(names: [String], value: Int)] = [
            (["embed_dim", "hidden_size"], width), (["depth", "num_hidden_layers"], depth), (["patch_size"], patch),
            (["in_chans", "num_channels"], channels),
        ]
        return shown.flatMap { names, value in
            names.compactMap { name in
                guard let stated = members[name]?.size, stated != [value, value] else { return nil }
                return "\(places[name] ?? name) is \(members[name]?.summary ?? ""), the tensors show \(value)"
            }
        }
    }

    // MARK: What is known

    private enum Rule {
        /// Read here, or shown by the tensors.
        case used
        /// Changes the computation unless it is one of these.
        case only([JSONMember])
    }

    private static let activations: [String: GELU] = [
        "gelu": .erf, "gelu_python": .erf, "nn.gelu": .erf, "gelu_new": .tanh, "gelu_pytorch_tanh": .tanh,
        "gelu_fast": .tanh, "gelu_tanh": .tanh, "quick_gelu": .quick, "quickgelu": .quick,
    ]
    private static let spelledActivations = [
        "gelu", "GELU", "nn.GELU", "gelu_python", "gelu_new", "gelu_pytorch_tanh", "gelu_fast", "gelu_tanh",
        "quick_gelu", "quickgelu", "QuickGELU",
    ].map(JSONMember.string)
    /// Kinds of positions that end as numbers in `pos_embed`.
    private static let positions = [
        "learn", "learned", "learnable", "abs", "absolute", "sincos", "sin_cos", "sincos2d", "cosine", "sine",
    ].map(JSONMember.string)
    private static let norms = ["layernorm", "LayerNorm", "nn.LayerNorm", "layernormfp32", "LN"].map(
        JSONMember.string)

    /// docs/checkpoints.md lists them.
    private static let rules: [String: Rule] = [
        "img_size": .used, "image_size": .used, "input_size": .used, "patch_size": .used, "in_chans": .used,
        "num_channels": .used, "embed_dim": .used, "hidden_size": .used, "depth": .used, "num_hidden_layers": .used,
        "num_heads": .used, "num_attention_heads": .used, "mlp_ratio": .used, "intermediate_size": .used,
        "qkv_bias": .used, "final_norm": .used, "fc_norm": .used, "use_fc_norm": .used, "norm_pix_loss": .used,
        "layer_norm_eps": .used, "norm_eps": .used, "decoder_hidden_size": .used, "decoder_num_hidden_layers": .used,
        "decoder_num_attention_heads": .used, "decoder_intermediate_size": .used,
        "act_layer": .only(spelledActivations), "hidden_act": .only(spelledActivations), "norm_layer": .only(norms),
        "global_pool": .only([.string("token"), .string("avg"), .string("cls"), .string(""), .bool(true), .bool(false)]
        ),
        "qk_norm": .only([.bool(false)]), "use_qk_norm": .only([.bool(false)]), "init_values": .only([.number(0)]),
        "layerscale_value": .only([.number(0)]), "class_token": .only([.bool(true)]),
        "no_embed_class": .only([.bool(false)]),
        "reg_tokens": .only([.number(0)]), "num_register_tokens": .only([.number(0)]),
        "pre_norm": .only([.bool(false)]), "scale_attn_norm": .only([.bool(false)]),
        "scale_mlp_norm": .only([.bool(false)]), "proj_bias": .only([.bool(true)]), "qk_scale": .only([]),
        "pos_embed": .only(positions), "pool_include_prefix": .only([.bool(false)]),
        "use_rel_pos_bias": .only([.bool(false)]), "use_shared_rel_pos_bias": .only([.bool(false)]),
        "use_relative_position_bias": .only([.bool(false)]),
        "use_shared_relative_position_bias": .only([.bool(false)]), "use_swiglu_ffn": .only([.bool(false)]),
        "swiglu_mlp": .only([.bool(false)]), "embed_layer": .only([]), "embed_norm_layer": .only([]),
        "block_fn": .only([]), "mlp_layer": .only([]), "attn_layer": .only([.string("attn"), .string("")]),
        "distilled": .only([.bool(false)]),
    ]

    /// Members that change nothing of what is computed: names, training, bookkeeping, and what other readers take.
    private static let harmless: Set = [
        "architecture", "architectures", "model_type", "model_args", "pretrained_cfg", "num_classes", "num_labels",
        "num_features", "label_names", "label_descriptions", "id2label", "label2id", "license", "tag", "custom_load",
        "_name_or_path", "name_or_path", "transformers_version", "torch_dtype", "dtype", "device", "problem_type",
        "finetuning_task", "initializer_range", "attention_probs_dropout_prob", "hidden_dropout_prob",
        "chunk_size_feed_forward", "is_encoder_decoder", "is_decoder", "output_attentions", "output_hidden_states",
        "return_dict", "use_cache", "torchscript", "pruned_heads", "tie_word_embeddings", "use_bfloat16",
        "tf_legacy_loss",
        "_attn_implementation", "attn_implementation", "_attn_implementation_autoset", "auto_map", "encoder_stride",
        "pooler_act", "pooler_output_size", "mask_ratio", "use_mask_token", "drop_rate", "pos_drop_rate",
        "patch_drop_rate", "proj_drop_rate", "attn_drop_rate", "drop_path_rate", "weight_init", "fix_init",
        "dynamic_img_size", "dynamic_img_pad", "strict_img_size", "out_features", "out_indices", "stage_names",
        "crop_pct",
        "crop_mode", "interpolation", "mean", "std", "notes", "description", "paper_ids", "paper_name", "paper_url",
    ]
}
