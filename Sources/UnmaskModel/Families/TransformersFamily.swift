internal import UnmaskGraph

/// The families that transformers has, by their `model_type`: what their configurations say, and what holds where one
/// leaves a member out.
enum TransformersFamily {
    /// What a `config.json` says of a model beyond its sizes; nil where the family is not read.
    static func facts(of modelType: String, _ config: [String: JSONMember]) -> ArchitectureFacts? {
        var facts = ArchitectureFacts()
        facts.heads = 12
        facts.interpolation = .hf
        facts.normEpsilon = 1e-12
        switch modelType {
        case "deit", "ijepa": break
        case "vit_msn", "dinov2": facts.normEpsilon = 1e-6
        case "dinov2_with_registers":
            facts.normEpsilon = 1e-6
            facts.interpolation = .timm
        case "beit", "data2vec-vision":
            // Tables of relative positions are shared or not as the tensors show.
            facts.keysHaveNoBias = true
        case "clip_vision_model":
            facts.normEpsilon = 1e-5
            facts.gelu = .quick
        case "siglip_vision_model":
            facts.normEpsilon = 1e-6
            facts.gelu = .tanh
        case "convnext", "convnextv2": return ConvNeXtFamily.facts(config: config)
        case "sam_vision_model":
            facts.normEpsilon = 1e-6
            facts.interpolation = .timm
        case "vitdet":
            facts.normEpsilon = 1e-6
            facts.imageSize = [224, 224]
        case "hiera": return HieraFamily.facts(config: config)
        case "dinov3_vit": dinov3(config, &facts)
        default: return nil
        }
        return facts
    }

    /// Of a model of images and text, what its configuration says of the image tower; else all of it.
    static func tower(of config: [String: JSONMember]) -> [String: JSONMember] {
        guard let type = config["model_type"]?.string, ["clip", "siglip", "sam"].contains(type),
            case .object(var tower)? = config["vision_config"]
        else { return config }
        tower["model_type"] = .string(type + "_vision_model")
        return tower
    }

    static let modelTypes = [
        "vit", "vit_mae", "deit", "vit_msn", "ijepa", "dinov2", "dinov2_with_registers", "beit", "data2vec-vision",
        "clip", "clip_vision_model", "siglip", "siglip_vision_model", "dinov3_vit", "convnext", "convnextv2",
        "hiera", "sam", "sam_vision_model", "vitdet",
    ]

    private static func dinov3(_ config: [String: JSONMember], _ facts: inout ArchitectureFacts) {
        facts.heads = 6
        facts.normEpsilon = 1e-5
        facts.keysHaveNoBias = true
        facts.imageSize = [224, 224]
        facts.rotary = .dinov3
        if let temperature = config["rope_theta"]?.number { facts.rotary?.temperature = Float(temperature) }
        switch config["hidden_act"]?.string {
        case "silu", "swish": facts.gate = .silu
        case let activation: facts.gate = .gelu(activation.flatMap(StatedArchitecture.gelu) ?? .erf)
        }
    }
}
