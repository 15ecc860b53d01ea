internal import UnmaskGraph
internal import UnmaskWeights

/// Hiera in transformers' names.
enum HuggingFaceHieraLayout: CheckpointLayout {
    static let pattern = StateDictPattern(
        name: "Hugging Face's Hiera",
        required: [
            "embeddings.patch_embeddings.projection.weight", "encoder.stages.0.layers.0.attn.qkv.weight",
        ], stems: [stem])

    private static let stem = "hiera."

    static func read(_ source: LayoutSource, _ options: ModelLoadOptions) throws(ModelError) -> Checkpoint {
        let depths = depths(source.tensors.map { bare($0.name) })
        return try HuggingFaceLayout.read(source, renaming: { name(bare($0), depths) }, options)
    }

    private static func bare(_ name: String) -> String {
        name.hasPrefix(stem) ? String(name.dropFirst(stem.count)) : name
    }

    private static func name(_ name: String, _ depths: [Int]) -> String? {
        if let parameter = HieraFamily.parameters[name] { return parameter }
        for (theirs, mine) in HieraFamily.counted {
            guard let (index, rest) = name.numbered(after: theirs) else { continue }
            return ["weight", "bias"].contains(rest)
                ? "\(mine).\(index).\(rest)" : rest.renamingModule(HieraFamily.words).map { "\(mine).\(index).\($0)" }
        }
        guard let (stage, rest) = name.numbered(after: "encoder.stages."), stage < depths.count,
            let (layer, within) = rest.numbered(after: "layers."), layer < depths[stage]
        else { return name.renamingModule(HieraFamily.ends) }
        return within.renamingModule(HieraFamily.words).map {
            "blocks.\(depths[..<stage].reduce(0, +) + layer).\($0)"
        }
    }

    /// Of stages that are numbered without a gap.
    private static func depths(_ names: [String]) -> [Int] {
        var layers: [Int: Set<Int>] = [:]
        for name in names {
            guard let (stage, rest) = name.numbered(after: "encoder.stages."),
                let layer = rest.numbered(after: "layers.")?.number
            else { continue }
            layers[stage, default: []].insert(layer)
        }
        return (0..<layers.count).compactMap { layers[$0]?.count }
    }
}
