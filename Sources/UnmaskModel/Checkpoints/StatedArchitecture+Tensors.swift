/// What is said of an architecture against what its tensors show.
extension StatedArchitecture {
    /// The windows that are said, in timm's and SAM's words or in ViTDet's; side 0 where there are said to be none. Nil where
    /// nothing is said.
    func windows(depth: Int) -> WindowPlan? {
        guard let side = number("window_size") else { return nil }
        if let global = numbers("global_attn_indexes") {
            return WindowPlan(side: max(side, 0), global: global.filter((0..<depth).contains))
        }
        guard let within = numbers("window_block_indices") else { return nil }
        return WindowPlan(side: max(side, 0), global: (0..<depth).filter { !within.contains($0) })
    }

    /// Throws `ModelError.unsupported` where something states another composition than the tensors are: one of them is of
    /// another model.
    func agree(with composition: Composition, file: String) throws(ModelError) {
        let block = composition.block
        let positioned = composition.tokens.positioned
        let registers = composition.tokens.prefix.first { $0.name == PrefixToken.registers(1).name }?.count ?? 0
        let shown: [(names: [String], value: Bool)] = [
            (["qk_norm", "use_qk_norm"], block.queryKeyNorm),
            (["init_values", "layerscale_value", "layer_scale_init_value"], block.layerScale),
            (["class_token"], composition.hasClassToken),
            (["no_embed_class"], positioned == 0 || positioned == nil),
            (["pre_norm"], composition.tokens.preNorm),
            (["proj_bias"], block.projectionBias),
            (["scale_attn_norm", "scale_attn_inner"], block.attentionNorm),
            (["scale_mlp_norm", "scale_mlp"], block.mlpNorm),
            (["use_swiglu_ffn", "swiglu_mlp", "use_gated_mlp"], block.gate != nil),
            (["use_rel_pos_bias", "use_relative_position_bias"], block.relativePositions == .perBlock),
            (["use_shared_rel_pos_bias", "use_shared_relative_position_bias"], block.relativePositions == .shared),
            (["distilled"], composition.isDistilled),
        ]
        for (names, value) in shown {
            for name in names where says(name).map({ $0 != value }) ?? false {
                // Without tokens or positions there is nothing to leave them out of.
                if name == "no_embed_class", composition.prefixCount == 0 || positioned == nil { continue }
                throw disagreement(name, "the tensors show \(value)", file)
            }
        }
        for name in ["reg_tokens", "num_register_tokens"] {
            if let stated = number(name), stated != registers {
                throw disagreement(name, "the tensors show \(registers)", file)
            }
        }
        if pooling == .map, composition.attentionPool == nil {
            throw disagreement("global_pool", "the tensors have no attention pooling", file)
        }
        if pooling == .cls, isTokenPooling, !composition.hasClassToken {
            throw disagreement("global_pool", "the tensors have no CLS token", file)
        }
    }
}
