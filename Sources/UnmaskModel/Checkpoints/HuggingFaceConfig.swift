internal import UnmaskGraph

/// What Hugging Face's `config.json` says of a ViT or ViTMAE, in its own words.
struct HuggingFaceConfig: Decodable {
    let model_type: String?
    let hidden_size: Int?
    let num_hidden_layers: Int?
    let num_attention_heads: Int?
    let intermediate_size: Int?
    let hidden_act: String?
    let layer_norm_eps: Float?
    let image_size: OneOrTwo?
    let patch_size: OneOrTwo?
    let num_channels: Int?
    let qkv_bias: Bool?
    let decoder_hidden_size: Int?
    let decoder_num_hidden_layers: Int?
    let decoder_num_attention_heads: Int?
    let decoder_intermediate_size: Int?
    let norm_pix_loss: Bool?
    let id2label: [String: String]?
    let license: String?
    let problem_type: String?

    var isMAE: Bool { model_type == "vit_mae" }

    /// What is left out of the file has transformers' default.
    func configuration(
        file: String, classes: Int, finalNorm: Bool, hasDecoder: Bool
    ) throws(ModelError) -> ModelConfiguration {
        guard let model_type, ["vit", "vit_mae"].contains(model_type) else {
            let known = TransformersFamily.modelTypes.joined(separator: ", ")
            throw .unsupported(
                file: file,
                feature:
                    "\(ForeignFamily.named(model_type ?? "absent")); expected one of \(known): \(ForeignFamily.way)"
            )
        }
        let gelu: GELU
        switch hidden_act ?? "gelu" {
        case "gelu", "gelu_python": gelu = .erf
        case "gelu_new", "gelu_pytorch_tanh", "gelu_fast": gelu = .tanh
        case "quick_gelu": gelu = .quick
        case "silu", "swish": gelu = .silu
        case let other:
            throw .unsupported(
                file: file,
                feature: "hidden_act “\(other)”; expected gelu, gelu_new, gelu_pytorch_tanh, quick_gelu or silu")
        }
        let patch = patch_size?.values ?? [16]
        guard Set(patch).count == 1, let side = patch.first else {
            throw .unsupported(file: file, feature: "patches of \(patch); expected square ones")
        }
        let image = image_size?.values ?? [224]
        let epsilon = layer_norm_eps ?? 1e-12
        let decoder = DecoderConfiguration(
            width: decoder_hidden_size ?? 512, depth: decoder_num_hidden_layers ?? 8,
            heads: decoder_num_attention_heads ?? 16, mlpWidth: decoder_intermediate_size ?? 2048,
            normEpsilon: epsilon, normPix: norm_pix_loss ?? false)
        return ModelConfiguration(
            imageSize: image.count == 1 ? image + image : image, patchSize: side, channels: num_channels ?? 3,
            width: hidden_size ?? 768, depth: num_hidden_layers ?? 12, heads: num_attention_heads ?? 12,
            mlpWidth: intermediate_size ?? 3072, normEpsilon: epsilon, gelu: gelu, qkvBias: qkv_bias ?? true,
            finalNorm: finalNorm, pooling: .cls, classes: classes, positionInterpolation: .hf,
            decoder: hasDecoder ? decoder : nil)
    }

    /// What a head's outputs are, as transformers reads `problem_type`; nil where the file does not say.
    /// - Parameter outputs: of the head; nil where they are not known.
    func scores(outputs: Int?, file: String) throws(ModelError) -> ScoreKind? {
        switch problem_type {
        case nil: return nil
        case "single_label_classification"?: return outputs == 1 ? .sigmoid : .probabilities
        case "multi_label_classification"?: return .sigmoid
        case "regression"?: return .values
        case let other?:
            throw .unsupported(
                file: file,
                feature: "problem_type in config.json is “\(other)”; expected single_label_classification, "
                    + "multi_label_classification or regression")
        }
    }

    /// In the order of the head's outputs; empty where the file does not name them all.
    func labels(count: Int) -> [String] {
        let named = (0..<count).compactMap { id2label?[String($0)] }
        return named.count == count ? named : []
    }
}

/// A size that stands as `224`, `[224, 224]` or `[3, 224, 224]` in other people's files; the last two count.
struct OneOrTwo: Decodable {
    let values: [Int]

    init(from decoder: any Decoder) throws {
        let single = try decoder.singleValueContainer()
        if let one = try? single.decode(Int.self) {
            values = [one]
        } else {
            values = try single.decode([Int].self).suffix(2)
            guard !values.isEmpty else {
                throw DecodingError.dataCorruptedError(in: single, debugDescription: "a size without numbers")
            }
        }
    }
}
