internal import UnmaskGraph
internal import UnmaskImage
internal import UnmaskWeights

/// ViTDet's backbone in transformers' names (Li et al. 2022). Its positions are those that it was pretrained with, a CLS token's
/// among them, which is left out; they are stretched to the images that it is for.
enum HuggingFaceViTDetLayout: CheckpointLayout {
    static let pattern = StateDictPattern(
        name: "Hugging Face's ViTDet",
        required: [
            "embeddings.projection.weight", "encoder.layer.0.attention.qkv.weight", "encoder.layer.0.mlp.fc1.weight",
        ], stems: [stem])

    private static let stem = "vitdet."
    private static let layerWords = [
        "norm1": "norm1", "norm2": "norm2", "attention.qkv": "attn.qkv", "attention.proj": "attn.proj",
        "attention": "attn", "mlp.fc1": "mlp.fc1", "mlp.fc2": "mlp.fc2",
    ]

    static func read(_ source: LayoutSource, _ options: ModelLoadOptions) throws(ModelError) -> Checkpoint {
        let config = try source.place.json("config.json", as: WholeObject<Sizes>.self)?.known
        let sizes = Sizes.Sides(config)
        // Stretched once, as transformers does: two steps would not give the same.
        if let asked = options.imageSize, asked != sizes.image, sizes.pretrained != sizes.image {
            throw .unsupported(
                file: source.file,
                feature: "positions of images of \(sizes.pretrained) that are stretched to \(sizes.image) already; set "
                    + "image_size in config.json in place of asking for \(asked)")
        }
        return try HuggingFaceLayout.read(
            source, renaming: name, shaped: { $1 == "pos_embed" ? positions($0, sizes) : $0 }, options)
    }

    private static func name(_ original: String) -> String? {
        let name = original.hasPrefix(stem) ? String(original.dropFirst(stem.count)) : original
        if name == "embeddings.position_embeddings" { return "pos_embed" }
        if let (layer, rest) = name.numbered(after: "encoder.layer.") {
            return rest.renamingModule(layerWords).map { "blocks.\(layer).\($0)" }
        }
        return name.renamingModule(["embeddings.projection": "patch_embed.proj"])
    }

    /// [1, 1 + n, D] → [1, N, D], of the images that the model is for; as it is where it does not fit.
    private static func positions(_ tensor: Tensor, _ sizes: Sizes.Sides) -> Tensor {
        let shape = tensor.shape
        let side = Int(Double(max((shape.count == 3 ? shape[1] : 0) - 1, 0)).squareRoot().rounded())
        guard shape.count == 3, shape[0] == 1, side > 0, side * side == shape[1] - 1, sizes.patch > 0,
            sizes.image.allSatisfy({ (1...Recipe.maximumSide).contains($0) }), let numbers = tensor.floats()
        else { return tensor }
        let grid = sizes.image.map { $0 / sizes.patch }
        guard grid.allSatisfy({ $0 > 0 }) else { return tensor }
        let patches = Array(numbers[shape[2]...])
        let stretched =
            grid == [side, side]
            ? patches
            : PositionResizing.resize(
                patches, prefix: 0, width: shape[2], from: [side, side], to: grid, interpolation: .hf)
        return Tensor(stretched, shape: [1, grid[0] * grid[1], shape[2]])
    }

    /// Members whose defaults are transformers' own.
    private struct Sizes: Decodable {
        let image_size, pretrain_image_size, patch_size: OneOrTwo?

        struct Sides {
            let image, pretrained: [Int]
            let patch: Int

            init(_ sizes: Sizes?) {
                func sides(_ values: [Int]?) -> [Int] {
                    let values = values ?? [224]
                    return values.count == 1 ? values + values : values
                }
                image = sides(sizes?.image_size?.values)
                pretrained = sides(sizes?.pretrain_image_size?.values)
                patch = sizes?.patch_size?.values.first ?? 16
            }
        }
    }
}
