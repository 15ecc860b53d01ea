internal import UnmaskGraph
internal import UnmaskImage

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

    var isMAE: Bool { model_type == "vit_mae" }

    /// What is left out of the file has transformers' default.
    func configuration(
        file: String, classes: Int, finalNorm: Bool, hasDecoder: Bool
    ) throws(ModelError) -> ModelConfiguration {
        guard let model_type, ["vit", "vit_mae"].contains(model_type) else {
            throw .unsupported(
                file: file,
                feature: "\(ForeignFamily.named(model_type ?? "absent")); expected vit or vit_mae: \(ForeignFamily.way)"
            )
        }
        let gelu: GELU
        switch hidden_act ?? "gelu" {
        case "gelu", "gelu_python": gelu = .erf
        case "gelu_new", "gelu_pytorch_tanh", "gelu_fast": gelu = .tanh
        case "quick_gelu": gelu = .quick
        case let other:
            throw .unsupported(
                file: file, feature: "hidden_act “\(other)”; expected gelu, gelu_new, gelu_pytorch_tanh or quick_gelu")
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

    /// In the order of the head's outputs; empty where the file does not name them all.
    func labels(count: Int) -> [String] {
        let named = (0..<count).compactMap { id2label?[String($0)] }
        return named.count == count ? named : []
    }
}

/// What `preprocessor_config.json` says of how images are prepared.
struct HuggingFacePreprocessing: Decodable {
    let image_mean: [Float]?
    let image_std: [Float]?
    let do_center_crop: Bool?
    let size: Side?
    let crop_size: Side?
    /// Pillow's number of the filter: 2 bilinear, 3 bicubic.
    let resample: Int?

    /// A size as image processors write it: `224`, `{"shortest_edge": 256}` or `{"height": 224, "width": 224}`.
    struct Side: Decodable {
        /// `[height, width]`
        let values: [Int]?
        let shortest: Int?

        private enum Key: String, CodingKey { case height, width, shortest_edge }

        init(from decoder: any Decoder) throws {
            if let one = try? decoder.singleValueContainer().decode(Int.self) {
                (values, shortest) = ([one, one], one)
                return
            }
            let sides = try decoder.container(keyedBy: Key.self)
            shortest = try sides.decodeIfPresent(Int.self, forKey: .shortest_edge)
            let height = try sides.decodeIfPresent(Int.self, forKey: .height)
            let width = try sides.decodeIfPresent(Int.self, forKey: .width)
            values = height.flatMap { height in width.map { [height, $0] } }
        }
    }

    /// `[height, width]` of the pixels that the model sees.
    var croppedSize: [Int]? {
        do_center_crop == true ? crop_size?.values : size?.values ?? crop_size?.values
    }

    /// The recipe that does the same, or comes closest: a crop of 0.9 is timm's, a smaller one MAE's.
    var recipeName: Recipe.Name {
        guard do_center_crop == true else { return resample == 3 ? .squash : .hf }
        guard let side = size?.shortest, let crop = croppedSize?.min(), side > 0 else { return .mae }
        return Double(crop) / Double(side) < 0.89 ? .mae : .timm
    }

    func normalisation(_ channels: Int) -> Normalisation? {
        guard let image_mean, let image_std, image_mean.count == channels else { return nil }
        return Normalisation(mean: image_mean, std: image_std)
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
