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
    /// timm's name of it; nil where nothing says it.
    let architecture: String?

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
        architecture = config?["architecture"]?.string
        self.members = members
        self.places = places
        notes = unknown.isEmpty ? [] : ["config.json has members that are not known and not used: \(brief(unknown))"]
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
    /// Of attention pooling.
    var poolHeads: Int? { first("attn_pool_num_heads")?.integer }
    var normPix: Bool? { first("norm_pix_loss", "normalize_pixel_loss")?.bool }
    var decoderHeads: Int? { first("decoder_num_heads")?.integer }
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
        case .string("map")?: .map
        case .string("token")?, .string("cls")?, .bool(false)?: .cls
        default: nil
        }
    }

    var gelu: GELU? {
        first("act_layer", "hidden_act")?.string.flatMap(Self.gelu)
    }

    /// A kind of GELU by one of its names.
    static func gelu(_ name: String) -> GELU? { activations[name.lowercased()] }

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

    /// Whether something is said to be there: true, or a number above 0. Nil where nothing is said.
    func says(_ name: String) -> Bool? {
        switch members[name] {
        case .bool(let value)?: value
        case .number(let value)?: value > 0
        default: nil
        }
    }

    func number(_ name: String) -> Int? { members[name]?.integer }

    /// Whole numbers; nil where none are said, or others.
    func numbers(_ name: String) -> [Int]? {
        guard let floats = members[name]?.floats else { return nil }
        let whole = floats.compactMap { Int(exactly: $0) }
        return whole.count == floats.count ? whole : nil
    }

    /// Whether `global_pool` names the token itself; MAE's scripts say `false` of the mean instead.
    var isTokenPooling: Bool { members["global_pool"]?.string == "token" }

    func disagreement(_ name: String, _ shown: String, _ file: String) -> ModelError {
        .unsupported(
            file: file,
            feature:
                "\(places[name] ?? name) is \(members[name]?.summary ?? ""), but \(shown): the file beside is of another "
                + "model, or " + ForeignFamily.way)
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
        "gelu_fast": .tanh, "gelu_tanh": .tanh, "quick_gelu": .quick, "quickgelu": .quick, "silu": .silu,
        "swish": .silu,
    ]
    private static let spelledActivations = [
        "gelu", "GELU", "nn.GELU", "gelu_python", "gelu_new", "gelu_pytorch_tanh", "gelu_fast", "gelu_tanh",
        "quick_gelu", "quickgelu", "QuickGELU", "silu", "swish", "SiLU",
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
        "decoder_num_attention_heads": .used, "decoder_intermediate_size": .used, "decoder_num_heads": .used,
        "decoder_depth": .used, "normalize_pixel_loss": .used,
        "act_layer": .only(spelledActivations), "hidden_act": .only(spelledActivations), "norm_layer": .only(norms),
        "global_pool": .only(
            [.string("token"), .string("avg"), .string("map"), .string("cls"), .string(""), .bool(true), .bool(false)]
        ),
        "qk_norm": .used, "use_qk_norm": .used, "init_values": .used, "layerscale_value": .used, "class_token": .used,
        "no_embed_class": .used, "reg_tokens": .used, "num_register_tokens": .used, "pre_norm": .used,
        "scale_attn_norm": .used, "scale_mlp_norm": .used, "scale_attn_inner": .used, "scale_mlp": .used,
        "proj_bias": .used, "qk_scale": .only([]),
        "pos_embed": .only(positions), "pool_include_prefix": .only([.bool(false)]),
        "use_rel_pos_bias": .used, "use_shared_rel_pos_bias": .used, "use_relative_position_bias": .used,
        "use_shared_relative_position_bias": .used, "use_swiglu_ffn": .used, "swiglu_mlp": .used,
        "use_gated_mlp": .used, "attn_pool_num_heads": .used,
        "layer_scale_init_value": .used, "use_mean_pooling": .used, "use_absolute_position_embeddings": .used,
        "query_bias": .used, "key_bias": .used, "value_bias": .used, "mlp_bias": .used, "rope_theta": .used,
        "vision_use_head": .used, "apply_layernorm": .only([.bool(true)]), "embed_layer": .only([]),
        "embed_norm_layer": .only([]),
        "block_fn": .only([]), "mlp_layer": .only([]), "attn_layer": .only([.string("attn"), .string("")]),
        "distilled": .used,
        "depths": .used, "dims": .used, "hidden_sizes": .used, "num_stages": .used, "use_grn": .used,
        "ls_init_value": .used, "kernel_sizes": .used, "conv_mlp": .used, "conv_bias": .used, "head_norm_first": .used,
        "stem_type": .only(["patch", "overlap", "overlap_tiered", "overlap_act"].map(JSONMember.string)),
        "output_stride": .only([.number(32)]),
        "head_hidden_size": .used,
        "use_rel_pos": .used, "use_abs_pos": .used, "window_size": .used, "global_attn_indexes": .used,
        "neck_chans": .used, "output_channels": .used, "mlp_dim": .used, "window_block_indices": .used,
        "residual_block_indices": .only([.array([])]), "pretrain_image_size": .used,
        "use_relative_position_embeddings": .used,
        "stages": .used, "q_pool": .only([.number(3)]), "num_query_pool": .only([.number(3)]),
        "q_stride": .only([pair(2)]), "query_stride": .only([pair(2)]), "mask_unit_size": .only([pair(8)]),
        "masked_unit_size": .only([pair(8)]), "mask_unit_attn": .only([unitAttention]),
        "masked_unit_attention": .only([unitAttention]), "use_expand_proj": .used, "dim_mul": .only([.number(2)]),
        "embed_dim_multiplier": .only([.number(2)]), "head_mul": .only([.number(2)]),
        "patch_kernel": .only([pair(7)]), "patch_stride": .only([pair(4)]), "patch_padding": .only([pair(3)]),
        "abs_win_pos_embed": .used, "global_pos_size": .used, "sep_pos_embed": .only([.bool(false)]),
    ]
    private static func pair(_ side: Double) -> JSONMember { .array([.number(side), .number(side)]) }
    /// Which of Hiera's stages attend within mask units.
    private static let unitAttention = JSONMember.array([.bool(true), .bool(true), .bool(false), .bool(false)])

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
        "crop_pct", "attention_dropout", "initializer_factor", "projection_dim", "pos_embed_jitter",
        "pos_embed_rescale",
        "pos_embed_shift", "reshape_hidden_states", "add_fpn", "auxiliary_channels", "auxiliary_concat_input",
        "auxiliary_loss_weight", "auxiliary_num_convs", "use_auxiliary_head", "pool_scales",
        "semantic_loss_ignore_index",
        "vocab_size", "dropout_prob",
        "head_init_scale", "num_pos_feats", "layer_norm_init", "num_layers",
        "crop_mode", "interpolation", "mean", "std", "notes", "description", "paper_ids", "paper_name", "paper_url",
    ]
}
