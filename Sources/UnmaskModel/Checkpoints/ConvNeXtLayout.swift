internal import UnmaskGraph
internal import UnmaskWeights

/// ConvNeXt and ConvNeXt V2 in timm's names.
enum ConvNeXtLayout: CheckpointLayout {
    static let pattern = StateDictPattern(
        name: "timm's ConvNeXt",
        required: ["stem.0.weight", "stages.0.blocks.0.conv_dw.weight", "stages.0.blocks.0.mlp.fc2.weight"])

    static func read(_ source: LayoutSource, _ options: ModelLoadOptions) throws(ModelError) -> Checkpoint {
        func isConvolution(_ name: String) -> Bool {
            source.tensors.contains { $0.name == name && $0.tensor.shape.count == 4 }
        }
        let spelling: ConvNeXtSpelling =
            isConvolution("stem.2.weight")
            ? .timmActivated : isConvolution("stem.1.weight") ? .timmOverlapping : .timm
        return try read(source, spelling, usual: nil, options)
    }

    fileprivate static func read(
        _ source: LayoutSource, _ spelling: ConvNeXtSpelling, usual: UsualRecipe?, _ options: ModelLoadOptions
    ) throws(ModelError) -> Checkpoint {
        var (tensors, originals) = spelling.renamed(source)
        let notes = tensors.completeNorm()
        var checkpoint = try TimmLayout.read(source, renamed: tensors, originals: originals, usual: usual, options)
        checkpoint.notes += notes
        return checkpoint
    }
}

/// The same in the names of the papers' own code.
enum OriginalConvNeXtLayout: CheckpointLayout {
    static let pattern = StateDictPattern(
        name: "ConvNeXt", required: ["downsample_layers.0.0.weight", "stages.0.0.dwconv.weight"])

    static func read(_ source: LayoutSource, _ options: ModelLoadOptions) throws(ModelError) -> Checkpoint {
        try ConvNeXtLayout.read(source, ConvNeXtSpelling.original, usual: .training, options)
    }
}

/// The same in transformers' names.
enum HuggingFaceConvNeXtLayout: CheckpointLayout {
    static let pattern = StateDictPattern(
        name: "Hugging Face's ConvNeXt",
        required: ["embeddings.patch_embeddings.weight", "encoder.stages.0.layers.0.dwconv.weight"],
        stems: ["convnextv2.", "convnext."])

    static func read(_ source: LayoutSource, _ options: ModelLoadOptions) throws(ModelError) -> Checkpoint {
        let spelling = ConvNeXtSpelling.transformers
        return try HuggingFaceLayout.read(
            source, renaming: spelling.name, shaped: { ConvNeXtSpelling.shaped($0, as: $1) }, options)
    }
}

/// How someone calls a ConvNeXt's parts.
private struct ConvNeXtSpelling {
    /// What stands before all names.
    var stems: [String] = []
    /// Modules at the model's own level.
    var words: [String: String]
    /// What stands before the number of a stage, and of a block in it.
    var stage: String
    var block: String
    /// What stands before the number of a stage where that is a downsampling's.
    var downsampling: String?
    /// Modules within a stage.
    var stageWords: [String: String] = [:]
    /// Modules and parameters within a block.
    var blockWords: [String: String] = [:]

    static let timm = ConvNeXtSpelling(
        words: [
            "stem.0": "patch_embed.proj", "stem.1": "patch_embed.norm", "head.norm": "fc_norm", "norm_pre": "norm",
            "head.fc": "head", "head.pre_logits.fc": VectorTail.parameter(0),
        ], stage: "stages.", block: "blocks.")

    /// With two convolutions in front.
    static let timmOverlapping = ConvNeXtSpelling(
        words: timm.words.merging(["stem.1": "patch_embed.proj2", "stem.2": "patch_embed.norm"]) { $1 },
        stage: timm.stage, block: timm.block)

    /// With an activation between these.
    static let timmActivated = ConvNeXtSpelling(
        words: timm.words.merging([
            "stem.2": ConvNeXtPlan.activatedProjection, "stem.3": "patch_embed.norm",
        ]) { $1 }.filter { $0.key != "stem.1" }, stage: timm.stage, block: timm.block)

    static let original = ConvNeXtSpelling(
        words: [
            "downsample_layers.0.0": "patch_embed.proj", "downsample_layers.0.1": "patch_embed.norm",
            "norm": "fc_norm", "head": "head",
        ], stage: "stages.", block: "", downsampling: "downsample_layers.",
        blockWords: [
            "dwconv": "conv_dw", "pwconv1": "mlp.fc1", "pwconv2": "mlp.fc2", "grn.gamma": "mlp.grn.weight",
            "grn.beta": "mlp.grn.bias",
        ])

    static let transformers = ConvNeXtSpelling(
        stems: ["convnextv2.", "convnext."],
        words: [
            "embeddings.patch_embeddings": "patch_embed.proj", "embeddings.layernorm": "patch_embed.norm",
            "layernorm": "fc_norm", "classifier": "head",
        ], stage: "encoder.stages.", block: "layers.",
        stageWords: ["downsampling_layer.0": "downsample.0", "downsampling_layer.1": "downsample.1"],
        blockWords: [
            "dwconv": "conv_dw", "layernorm": "norm", "pwconv1": "mlp.fc1", "pwconv2": "mlp.fc2",
            "grn.weight": "mlp.grn.weight", "grn.bias": "mlp.grn.bias", "layer_scale_parameter": "gamma",
        ])

    /// The tensors by the names that the builder has, in its shapes.
    func renamed(_ source: LayoutSource) -> (tensors: [String: Tensor], originals: [String: String]) {
        let (tensors, originals) = source.renamed(name)
        return (
            Dictionary(uniqueKeysWithValues: tensors.map { ($0.key, Self.shaped($0.value, as: $0.key)) }), originals
        )
    }

    func name(_ original: String) -> String? {
        let stem = stems.first { original.hasPrefix($0) } ?? ""
        let name = String(original.dropFirst(stem.count))
        if let mine = name.renamingModule(words) { return mine }
        if let downsampling, let (number, rest) = name.numbered(after: downsampling) {
            return "stages.\(number).downsample.\(rest)"
        }
        guard let (number, rest) = name.numbered(after: stage) else { return nil }
        if let (place, within) = rest.numbered(after: block) {
            let mine = blockWords[within] ?? within.renamingModule(blockWords) ?? within
            return "stages.\(number).blocks.\(place).\(mine)"
        }
        return "stages.\(number).\(rest.renamingModule(stageWords) ?? rest)"
    }

    /// Pointwise convolutions are linear layers, and response norms have rows.
    static func shaped(_ tensor: Tensor, as name: String) -> Tensor {
        let shape = tensor.shape
        if name.contains(".mlp.fc"), shape.count == 4, shape[2...] == [1, 1] {
            return tensor.reshaped(Array(shape[..<2])) ?? tensor
        }
        if name.contains(".mlp.grn."), let width = shape.last, width == tensor.count {
            return tensor.reshaped([width]) ?? tensor
        }
        return tensor
    }
}

extension String {
    /// `stages.3.blocks.0.norm.bias` after `stages.` → (3, `blocks.0.norm.bias`); nil where no number stands there.
    func numbered(after prefix: String) -> (number: Int, rest: String)? {
        guard hasPrefix(prefix) else { return nil }
        let parts = dropFirst(prefix.count).split(separator: ".", maxSplits: 1)
        guard parts.count == 2, let number = Int(parts[0]), number >= 0 else { return nil }
        return (number, String(parts[1]))
    }
}

extension [String: Tensor] {
    /// FCMAE's files have no norm behind the pooling. timm has one there, of ones and zeros.
    ///
    /// - Returns: what was assumed.
    fileprivate mutating func completeNorm() -> [String] {
        let last = keys.compactMap { $0.numbered(after: "stages.")?.number }.max() ?? 0
        guard self["fc_norm.weight"] == nil, self["norm.weight"] == nil, self["head.weight"] == nil,
            let width = self["stages.\(last).blocks.0.conv_dw.weight"]?.shape.first, (1...1 << 16).contains(width)
        else { return [] }
        self["fc_norm.weight"] = Tensor([Float](repeating: 1, count: width), shape: [width])
        self["fc_norm.bias"] = Tensor([Float](repeating: 0, count: width), shape: [width])
        return ["the file has no norm behind its pooling; one without weights of its own is taken, as timm does"]
    }
}
