internal import UnmaskGraph
internal import UnmaskImage
internal import UnmaskWeights

/// Folders of Hugging Face's `save_pretrained`: separate q, k and v, names of their own, and a `config.json` that states the
/// architecture.
enum HuggingFaceLayout: CheckpointLayout {
    static let pattern = StateDictPattern(
        name: "Hugging Face", required: ["embeddings.patch_embeddings.projection.weight"],
        stems: TransformersSpelling.stems)

    static func read(_ source: LayoutSource, _ options: ModelLoadOptions) throws(ModelError) -> Checkpoint {
        let place = source.place
        let names = source.tensors.map(\.name)
        guard let whole = try place.json("config.json", as: WholeObject<HuggingFaceConfig>.self) else {
            if let family = ForeignFamily.recognise(names: [names]) { throw ForeignFamily.refusal(family, source.file) }
            throw .unrecognised(
                file: source.file,
                detail: "a Hugging Face checkpoint needs its config.json beside it, and there is none")
        }
        let config = whole.known
        let members = TransformersFamily.tower(of: whole.members)
        let modelType = members["model_type"]?.string ?? ""
        let facts = TransformersFamily.facts(of: modelType, members)
        let stated = try StatedArchitecture(config: members, metadata: [:], file: source.file)
        var (tensors, originals) = TransformersSpelling.renamed(
            source.tensors, keysHaveNoBias: facts?.keysHaveNoBias ?? false)
        var notes: [String] = []
        let projection = tensors.removeProjection()
        if !projection.isEmpty { notes.append("unused, a classifier that is no linear layer: \(brief(projection))") }
        let configuration: ModelConfiguration
        if let facts {
            let shaped = try ShapedArchitecture(tensors, stated: stated, facts: facts, options, file: source.file)
            configuration = Self.withProjection(
                try Self.withHead(shaped.configuration, modelType, source.file), &tensors, &originals)
            notes = shaped.notes + notes
        } else {
            configuration = try config.configuration(
                file: source.file, classes: tensors["head.weight"]?.shape.first ?? 0,
                finalNorm: tensors["norm.weight"] != nil, hasDecoder: tensors["decoder_embed.weight"] != nil)
            try configuration.validate()
            notes = stated.notes + notes
        }
        var resolver = try RecipeResolver(
            imageSize: options.imageSize ?? configuration.imageSize, channels: configuration.channels,
            usual: .transformers(isMAE: config.isMAE))
        try resolver.add(filesBeside: place)
        try resolver.add(options.recipe)
        return Checkpoint(
            configuration: configuration, preparation: try resolver.resolve(),
            labels: config.labels(count: configuration.classes), licence: config.license, tensors: tensors,
            originalNames: originals, notes: notes,
            scores: try config.scores(outputs: configuration.classes, file: source.file))
    }
}

extension HuggingFaceLayout {
    /// Of a family that has a spelling of its own.
    /// - Parameters:
    ///   - renaming: to the builder's names; nil for what has none.
    ///   - shaped: a tensor in the shape that it has by that name.
    static func read(
        _ source: LayoutSource, renaming: (String) -> String?,
        shaped: (Tensor, String) -> Tensor = { tensor, _ in tensor }, _ options: ModelLoadOptions
    ) throws(ModelError) -> Checkpoint {
        let (tensors, originals) = source.renamed(renaming)
        var table = TensorTable()
        for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) { _ = table.append(name, shaped(tensor, name)) }
        let renamed = LayoutSource(
            file: source.file, tensors: table, metadata: source.metadata, place: source.place,
            isPartOfTraining: source.isPartOfTraining)
        var checkpoint = try read(renamed, options)
        checkpoint.originalNames = checkpoint.originalNames.mapValues { originals[$0] ?? $0 }
        return checkpoint
    }

    /// What transformers' classifiers read where it is not what the model pools.
    private static func withHead(
        _ configuration: ModelConfiguration, _ type: String, _ file: String
    ) throws(ModelError) -> ModelConfiguration {
        guard configuration.classes > 0 else { return configuration }
        if type.hasPrefix("clip") {
            throw .unsupported(
                file: file,
                feature: "a classifier on CLIP's tokens before their last norm; load the tower without it, or "
                    + ForeignFamily.way)
        }
        var result = configuration
        if type.hasPrefix("siglip") { result.pooling = .mean }
        return result
    }

    /// CLIP's projection into the space that it shares with text, as the file's own vector.
    private static func withProjection(
        _ configuration: ModelConfiguration, _ tensors: inout [String: Tensor], _ originals: inout [String: String]
    ) -> ModelConfiguration {
        let name = "visual_projection.weight"
        guard configuration.composition.hasClassToken, let weight = tensors[name], weight.shape.count == 2,
            weight.shape[1] == configuration.width
        else { return configuration }
        let mine = VectorTail.parameter(0)
        tensors[name] = nil
        tensors["\(mine).weight"] = weight
        tensors["\(mine).bias"] = Tensor([Float](repeating: 0, count: weight.shape[0]), shape: [weight.shape[0]])
        originals["\(mine).weight"] = name
        var result = configuration
        result.vector = VectorTail(pooling: .cls, steps: [.linear(width: weight.shape[0])])
        return result
    }
}

/// The image towers of CLIP and SigLIP in transformers' names.
enum HuggingFaceTowerLayout: CheckpointLayout {
    static let pattern = StateDictPattern(
        name: "Hugging Face's towers",
        required: [
            "embeddings.patch_embedding.weight", "embeddings.position_embedding.weight", "post_layernorm.weight",
        ],
        stems: TransformersSpelling.stems)

    static func read(_ source: LayoutSource, _ options: ModelLoadOptions) throws(ModelError) -> Checkpoint {
        try HuggingFaceLayout.read(source, options)
    }
}

/// DINOv3 in transformers' names.
enum HuggingFaceDINOv3Layout: CheckpointLayout {
    static let pattern = StateDictPattern(
        name: "Hugging Face's DINOv3",
        required: ["embeddings.patch_embeddings.weight", "embeddings.cls_token", "embeddings.register_tokens"])

    static func read(_ source: LayoutSource, _ options: ModelLoadOptions) throws(ModelError) -> Checkpoint {
        try HuggingFaceLayout.read(source, options)
    }
}
