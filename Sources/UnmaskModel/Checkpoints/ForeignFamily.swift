internal import UnmaskWeights

/// Model families that are no Vision Transformer of `ModelConfiguration`'s kind, told by the names of their tensors.
enum ForeignFamily {
    /// What works for any of them.
    static let way = "export the model to ONNX (torch.onnx.export, or optimum-cli export onnx) and give that file"

    /// The family's name; nil where none is recognised. What two families share stands with the wider one, later.
    static func recognise(_ stateDicts: [StateDict]) -> String? {
        recognise(names: stateDicts.map(\.names))
    }

    /// The same of names alone.
    static func recognise(names dictionaries: [[String]]) -> String? {
        for (family, parts) in signatures {
            for names in dictionaries where parts.allSatisfy({ part in names.contains { $0.contains(part) } }) {
                return family
            }
        }
        return nil
    }

    static func refusal(_ family: String, _ file: String) -> ModelError {
        .unsupported(file: file, feature: "\(family), which Unmask's checkpoints cannot hold: \(way)")
    }

    private static let signatures: [(family: String, parts: [String])] = [
        ("a Swin Transformer", ["layers.0.blocks.0.attn.relative_position_bias_table"]),
        ("a Swin Transformer", ["layers.0.blocks.0.attention.self.relative_position_bias_table"]),
        ("a Swin Transformer V2", ["layers.0.blocks.0.attn.logit_scale"]),
        ("a Swin Transformer", ["encoder.layers.0.blocks.0.attention"]),
        ("a model with relative position biases, as BEiT", ["relative_position_bias_table"]),
        ("a ConvNeXt, Swin Transformer or MobileNet of torchvision", ["features.0.0.weight"]),
        ("an EfficientNet or MobileNet", ["conv_stem.weight"]),
        ("a ResNet", ["layer1.0.conv1.weight"]),
        ("a ResNet", ["embedder.embedder.convolution.weight"]),
        ("a CLIP model", ["visual.class_embedding"]),
        ("a CLIP model", ["vision_model.embeddings.class_embedding"]),
        ("a SigLIP model", ["vision_model.embeddings.patch_embedding.weight"]),
    ]

    /// The family of a transformers `model_type`, for a message.
    static func named(_ modelType: String) -> String { "model_type “\(modelType)” in config.json" }
}
