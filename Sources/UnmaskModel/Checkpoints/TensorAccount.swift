/// What becomes of tensors that a model does not have: some make another model of it, and are refused by name; others
/// play no part in what is computed, and are reported.
struct TensorAccount {
    /// Names to report as unused.
    private(set) var unused: [String] = []
    /// Names that belong to the model and have no place in it.
    private(set) var unexpected: [String] = []
    /// What the present architecture cannot compute, with the tensors that show it.
    private(set) var uncomputable: [(feature: String, names: [String])] = []

    /// - Parameters:
    ///   - names: tensors in timm's names, or their own where they have none.
    init(_ names: [String]) {
        for name in names.sorted() {
            if let feature = Self.features.first(where: { $0.isShown(by: name) })?.name {
                if let place = uncomputable.firstIndex(where: { $0.feature == feature }) {
                    uncomputable[place].names.append(name)
                } else {
                    uncomputable.append((feature, [name]))
                }
            } else if Self.isUnused(name) {
                unused.append(name)
            } else {
                unexpected.append(name)
            }
        }
    }

    /// Tensors of training alone: tokens that stand for hidden patches where no decoder follows, temperatures, queues.
    private static let training: Set = [
        "mask_token", "masked_embed", "logit_scale", "logit_bias", "temperature", "queue", "queue_ptr", "center",
        "n_averaged", "steps", "num_updates", "initted", "step", "iteration",
    ]
    /// Whose tensors are always part of what is computed.
    private static let model: Set = [
        "patch_embed", "cls_token", "pos_embed", "blocks", "norm", "fc_norm", "head", "embeddings", "encoder", "layers",
        "layernorm", "vit", "backbone", "class_token", "conv_proj", "stem", "stages", "downsample_layers",
        "neck",
    ]

    /// A parameter at the model's own level, such as a token, is taken to be part of it; what stands in a module that
    /// no ViT has (`criterion.weight`, `projector.0.weight`) is not.
    private static func isUnused(_ name: String) -> Bool {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        let first = String(parts.first ?? "")
        if training.contains(first) || training.contains(name) { return true }
        if parts.last == "num_batches_tracked" || parts.last == "relative_position_index" { return true }
        return parts.count > 1 && !model.contains(first) && !first.hasPrefix("decoder_")
    }

    private struct Feature: Sendable {
        let name: String
        /// Parts of a name, with the dots that bound them.
        let parts: [String]

        func isShown(by name: String) -> Bool {
            let bounded = ".\(name)."
            return parts.contains { bounded.contains($0) }
        }
    }

    private static let features = [
        Feature(
            name: "LayerScale",
            parts: [
                ".ls1.", ".ls2.", ".gamma_1.", ".gamma_2.", ".gamma1.", ".gamma2.", ".layer_scale1.", ".layer_scale2.",
                ".lambda_1.", ".lambda_2.",
            ]),
        Feature(
            name: "relative position biases",
            parts: [".relative_position_bias_table.", ".rel_pos_bias.", ".rel_pos.", ".relative_position_bias."]),
        Feature(name: "rotary positions", parts: [".rope.", ".rope_embed.", ".freqs.", ".periods."]),
        Feature(name: "a norm before the blocks", parts: [".norm_pre.", ".pre_norm.", ".ln_pre.", ".pre_layrnorm."]),
        Feature(
            name: "register tokens",
            parts: [".reg_token.", ".register_tokens.", ".storage_tokens.", ".reg_tokens."]),
        Feature(
            name: "a distillation token",
            parts: [".dist_token.", ".distillation_token.", ".head_dist.", ".distillation_classifier."]),
        Feature(
            name: "normalised queries and keys", parts: [".q_norm.", ".k_norm.", ".query_norm.", ".key_norm."]),
        Feature(
            name: "norms inside of attention or MLP", parts: [".attn.norm.", ".mlp.norm.", ".attn.inner_attn_ln."]),
        Feature(name: "a gated MLP", parts: [".w12.", ".fc1_g.", ".mlp.w1.", ".gate_proj."]),
        Feature(name: "attention pooling", parts: [".attn_pool."]),
        Feature(name: "a layer before the head", parts: [".pre_logits."]),
        Feature(name: "a convolutional stem", parts: [".patch_embed.backbone.", ".patch_embed.proj.0."]),
        Feature(name: "an adapter", parts: [".lora_A.", ".lora_B.", ".lora_a.", ".lora_b."]),
    ]
}

extension TensorAccount {
    /// Many names as few: those of one module count together.
    static func grouped(_ names: [String]) -> [String] {
        var groups: [(module: String, names: [String])] = []
        for name in names {
            let module = String(name.prefix { $0 != "." })
            if let place = groups.firstIndex(where: { $0.module == module }) {
                groups[place].names.append(name)
            } else {
                groups.append((module, [name]))
            }
        }
        return groups.map { $0.names.count == 1 ? $0.names[0] : "\($0.module).* (\($0.names.count) tensors)" }
    }
}
