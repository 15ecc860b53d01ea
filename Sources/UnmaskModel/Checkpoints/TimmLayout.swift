internal import UnmaskGraph
internal import UnmaskImage
internal import UnmaskWeights

/// timm's `vit_*` files and those that share their parameters' names: the original MAE, DeiT, DINO, MoCo v3. The
/// architecture is told from the tensors' shapes; what shapes do not tell comes from a `config.json` beside the file,
/// from the training script's arguments inside a `.pth`, from the load options, or from what is usual for the width.
enum TimmLayout: CheckpointLayout {
    static let pattern = StateDictPattern(
        name: "timm",
        required: [
            "patch_embed.proj.weight", "blocks.0.norm1.weight", "blocks.0.attn.proj.weight", "blocks.0.mlp.fc2.weight",
        ])

    static func read(_ source: LayoutSource, _ options: ModelLoadOptions) throws(ModelError) -> Checkpoint {
        try read(source, renamed: source.byName, usual: nil, options)
    }

    /// A state dict that is in timm's names by now.
    /// - Parameter usual: how images are prepared where nothing says it; nil where that depends on what the file is.
    static func read(
        _ source: LayoutSource, renamed: [String: Tensor], originals: [String: String] = [:],
        usual: UsualRecipe?, _ options: ModelLoadOptions
    ) throws(ModelError) -> Checkpoint {
        var tensors = renamed
        let originals = originals.merging(tensors.spellAsTimm()) { $1 }
        try tensors.flattenTime(file: source.file)
        tensors.joinAttentionBiases()
        var notes = tensors.foldLinearProbe()
        let projection = tensors.removeProjection()
        if !projection.isEmpty {
            notes.append("unused, a head that is no classifier: \(brief(projection))")
        }
        let config = try source.place.json("config.json", as: WholeObject<TimmConfig>.self)
        let stated = try StatedArchitecture(config: config?.members, metadata: source.metadata, file: source.file)
        let timm = config?.known
        let facts = stated.architecture.flatMap(ArchitectureFacts.named)
        let shaped = try ShapedArchitecture(tensors, stated: stated, facts: facts, options, file: source.file)
        let configuration = shaped.configuration
        notes += shaped.notes
        let isTrained = source.isPartOfTraining || configuration.decoder != nil
        var resolver = try RecipeResolver(
            imageSize: options.imageSize ?? configuration.imageSize, channels: configuration.channels,
            usual: usual ?? (isTrained ? .training : .timm))
        try resolver.add(filesBeside: source.place)
        try resolver.add(options.recipe)
        return Checkpoint(
            configuration: configuration, preparation: try resolver.resolve(), labels: timm?.label_names ?? [],
            licence: timm?.license ?? timm?.pretrained_cfg?.license, tensors: tensors, originalNames: originals,
            notes: notes)
    }
}

extension LayoutSource {
    var byName: [String: Tensor] { Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, $0.tensor) }) }
}

/// What timm's `config.json` says, in its own words.
struct TimmConfig: Decodable {
    var label_names: [String]?
    var license: String?
    var pretrained_cfg: TimmPreprocessing?
    var model_args: Arguments?

    struct Arguments: Decodable {
        let img_size: OneOrTwo?
    }

    var imageSize: [Int]? {
        guard let size = (model_args?.img_size ?? pretrained_cfg?.input_size)?.values else { return nil }
        return size.count == 1 ? size + size : size
    }
}
