internal import Foundation
internal import UnmaskGraph
internal import UnmaskImage
internal import UnmaskWeights

/// Unmask's own checkpoints of models that are no Vision Transformers: safetensors whose metadata hold the graph.
enum GraphLayout {
    static let format = "unmask-graph/1"

    /// Keys of the metadata.
    private enum Key {
        static let format = "format", graph = "graph", recipe = "recipe", licence = "licence", labels = "labels"
        static let hash = "hash", output = "output", golden = "golden", part = "part", pooling = "pooling"
        static let scores = "scores"
    }

    static func recognises(_ file: TensorFile) -> Bool {
        file.metadata[Key.format]?.hasPrefix("unmask-graph/") ?? false
    }

    static func read(_ file: TensorFile, _ options: ModelLoadOptions) throws(ModelError) -> GraphModel {
        guard file.metadata[Key.format] == format else {
            throw .unsupported(
                file: file.path,
                feature: "format \(file.metadata[Key.format] ?? ""), expected \(format): written by another version")
        }
        let document = try OwnLayout.decode(Key.graph, as: GraphDocument.self, file)
        let tensors = try OwnLayout.tensors(file)
        let graph = try document.graph(tensors: tensors, file: file.path)
        var facts = GraphModel.Facts()
        let stated = try OwnLayout.decode(Key.recipe, as: Recipe.self, file)
        facts.preparation = try RecipeResolver.resolve(
            stated: stated, in: file.path, imageSize: [stated.height, stated.width], channels: stated.channels,
            options.recipe)
        facts.notes = facts.preparation?.notes ?? []
        facts.labels = file.metadata[Key.labels] == nil ? [] : try OwnLayout.decode(Key.labels, as: [String].self, file)
        facts.licence = options.licence ?? file.metadata[Key.licence]
        facts.statedHash = file.metadata[Key.hash]
        facts.output = options.output ?? file.metadata[Key.output]
        facts.part = file.metadata[Key.part].flatMap(ModelPart.init(rawValue:))
        facts.pooling = file.metadata[Key.pooling].flatMap(Pooling.init(rawValue:))
        facts.scores = try OwnLayout.scores(file, Key.scores)
        facts.golden = try OwnLayout.golden(file)
        if !options.recipe.isEmpty || options.output != nil { facts.golden = nil }
        if options.output != nil { facts.statedHash = nil }
        var model = try GraphModel(graph, facts, file: file.path)
        try model.name(options.labels, file: file.path)
        try model.requireSize(options.imageSize, file: file.path)
        return model
    }

    /// Writes a model beside its place and renames it.
    /// - Parameter type: of matrices; vectors and single numbers, such as epsilons, stay as they are stored.
    static func write(
        _ model: GraphModel, hash: String?, golden: GoldenVector?, to path: String, as type: StorageType?
    ) throws(ModelError) {
        guard let document = model.document else {
            throw .invalidRequest("a part of a checkpoint cannot be written: leave out --output to convert the whole")
        }
        var metadata = [
            Key.format: format, Key.graph: OwnLayout.encode(document), Key.recipe: OwnLayout.encode(model.recipe),
        ]
        metadata[Key.licence] = model.facts.licence
        metadata[Key.hash] = hash
        metadata[Key.scores] = model.facts.scores?.rawValue
        metadata[Key.golden] = golden.map(OwnLayout.encode)
        metadata[Key.output] = model.facts.output
        metadata[Key.part] = model.facts.part?.rawValue
        metadata[Key.pooling] = model.facts.pooling?.rawValue
        if !model.facts.labels.isEmpty { metadata[Key.labels] = OwnLayout.encode(model.facts.labels) }
        let table = QuantisedStorage.table(of: model.tensors, as: type, &metadata)
        do throws(WeightsError) {
            try SafetensorsWriter.write(
                table, metadata: metadata, storage: type?.storage, converting: { $0.shape.count > 1 && $0.count > 1 },
                to: path)
        } catch {
            throw .unwritable(error.description)
        }
    }
}
