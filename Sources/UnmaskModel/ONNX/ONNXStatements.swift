internal import Foundation
internal import UnmaskGraph
internal import UnmaskImage

/// What is said of an imported graph: in the file's metadata, which `unmask export` writes, else in the JSON files
/// beside it, else assumed.
struct ONNXStatements {
    private let metadata: [String: String]
    private let surroundings: ONNXSurroundings
    /// Of the model that the file was exported from.
    private let configuration: ModelConfiguration?

    init(metadata: [String: String], _ surroundings: ONNXSurroundings) {
        self.metadata = metadata
        self.surroundings = surroundings
        configuration = ONNXStatements.decoded(metadata[ONNXMetadata.configuration])
    }

    /// - Parameters:
    ///   - recipe: what the user says of it.
    ///   - normalisation: what the file did to pixels itself, before it was taken out.
    func facts(
        imageSize: [Int], channels: Int, recipe: RecipeOptions, normalisation: Normalisation? = nil
    ) throws(ModelError) -> GraphModel.Facts {
        var facts = GraphModel.Facts()
        let name: Recipe.Name? = if case .name(let name) = recipe.source { name } else { nil }
        var resolver = try RecipeResolver(imageSize: imageSize, channels: channels, usual: .unknown(name))
        try resolver.add(filesBeside: surroundings.place)
        let stated: Recipe? = Self.decoded(metadata[ONNXMetadata.recipe])
        if let stated {
            resolver.add(RecipeStatement(stated), from: "the file's metadata")
        } else if let normalisation {
            resolver.add(RecipeStatement(normalisation), from: "the file's own graph")
        }
        try resolver.add(recipe)
        facts.preparation = try resolver.resolve()
        facts.part = metadata[ONNXMetadata.part].flatMap(ModelPart.init(rawValue:))
        facts.pooling = metadata[ONNXMetadata.pooling].flatMap(Pooling.init(rawValue:))
        facts.labels = Self.decoded(metadata[ONNXMetadata.labels]) ?? surroundings.labels
        facts.scores = metadata[ONNXMetadata.scores].flatMap(ScoreKind.init(rawValue:))
        if facts.scores == nil { facts.scores = try surroundings.scores(file: surroundings.place.tensorFile) }
        facts.licence = metadata[ONNXMetadata.licence] ?? surroundings.licence
        return facts
    }

    /// Adds what a graph cannot show to a model that was read out of it.
    func complete(_ checkpoint: inout Checkpoint, _ options: ModelLoadOptions) {
        let classes = checkpoint.configuration.classes
        if checkpoint.labels.count != classes { checkpoint.labels = [] }
        if surroundings.transformers != nil { checkpoint.configuration.positionInterpolation = .hf }
        if let configuration {
            checkpoint.configuration.positionInterpolation = configuration.positionInterpolation
            // An encoder's pooling is a choice that its head, which is not in the file, was trained with.
            if classes == 0 { checkpoint.configuration.pooling = configuration.pooling }
        }
        // What the file's output is says the file itself.
        if classes == 0, let stated = metadata[ONNXMetadata.pooling].flatMap(Pooling.init(rawValue:)), stated != .output
        {
            checkpoint.configuration.pooling = stated
        }
        let normPix = configuration?.decoder?.normPix ?? surroundings.transformers?.norm_pix_loss
        if checkpoint.configuration.decoder != nil {
            if options.normPix == nil, normPix == nil {
                checkpoint.notes.append(
                    "the file does not say whether the decoder predicts normalised patches; taken as not")
            }
            checkpoint.configuration.decoder?.normPix = options.normPix ?? normPix ?? false
        }
    }

    /// What is said to be done to pixels before they come in; nil where nothing is said.
    func normalisation() throws(ModelError) -> Normalisation? {
        if let recipe: Recipe = Self.decoded(metadata[ONNXMetadata.recipe]) {
            return Normalisation(mean: recipe.mean, std: recipe.std)
        }
        var resolver = try RecipeResolver(
            imageSize: surroundings.imageSize ?? [224, 224], channels: 3, usual: .unknown(nil))
        try resolver.add(filesBeside: surroundings.place)
        return resolver.stated(\.mean).flatMap { mean in
            resolver.stated(\.std).map { Normalisation(mean: mean, std: $0) }
        }
    }

    /// Whether 8-bit grids stand around what layers read: only Unmask's own files say so.
    var hasActivationGrids: Bool { metadata[ONNXMetadata.precision] == "int8" }

    /// A file of Unmask's own that prepares images itself, from the prepared pixels on; nil for others. The recipe that it
    /// states is what it does.
    func withoutPreparation(_ graph: Graph) -> Graph? {
        guard let recipe: Recipe = Self.decoded(metadata[ONNXMetadata.recipe]),
            let bytes = graph.inputs.first(where: { graph[$0].shape.dimensions.count == 4 }),
            let prepared = graph.value(named: ONNXMetadata.preparedPixels),
            Array(graph[prepared].shape.dimensions.dropFirst())
                == [.fixed(recipe.channels), .fixed(recipe.height), .fixed(recipe.width)]
        else { return nil }
        // Only the batch is asked of the bytes.
        return graph.cut(at: prepared, instead: bytes, passed: [bytes]) { _ in nil }
    }

    /// A value that is JSON; nil where it is absent or something else, as another program's may be.
    private static func decoded<T: Decodable>(_ text: String?) -> T? {
        text.flatMap { try? JSONDecoder().decode(T.self, from: Data($0.utf8)) }
    }
}
