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
    ///   - recipe: the name that the user gives the recipe.
    ///   - normalisation: what the file did to pixels itself, before it was taken out.
    func facts(
        imageSize: [Int], channels: Int, recipe: Recipe.Name?, normalisation: Normalisation? = nil
    ) throws(ModelError) -> GraphModel.Facts {
        var facts = GraphModel.Facts()
        let stated: Recipe? = Self.decoded(metadata[ONNXMetadata.recipe])
        if let stated, stated.channels == channels {
            facts.recipe = try stated.with(name: recipe, imageSize: imageSize)
        } else {
            facts.recipe = try surroundingRecipe(imageSize, channels, recipe, normalisation, &facts.notes)
        }
        facts.part = metadata[ONNXMetadata.part].flatMap(ModelPart.init(rawValue:))
        facts.pooling = metadata[ONNXMetadata.pooling].flatMap(Pooling.init(rawValue:))
        facts.labels = Self.decoded(metadata[ONNXMetadata.labels]) ?? surroundings.labels
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
        // The whole model at full precision is the model whose hash the file states.
        if checkpoint.configuration == configuration, metadata[ONNXMetadata.precision] == "fp32" {
            checkpoint.statedHash = metadata[ONNXMetadata.hash]
        }
    }

    /// What is said to be done to pixels before they come in; nil where nothing is said.
    var normalisation: Normalisation? {
        if let recipe: Recipe = Self.decoded(metadata[ONNXMetadata.recipe]) {
            return Normalisation(mean: recipe.mean, std: recipe.std)
        }
        return surroundings.preprocessing?.normalisation(3) ?? surroundings.timm?.pretrained_cfg?.normalisation
    }

    /// Whether 8-bit grids stand around what layers read: only Unmask's own files say so.
    var hasActivationGrids: Bool { metadata[ONNXMetadata.precision] == "int8" }

    /// A file of Unmask's own that prepares images itself, from the prepared pixels on; nil for others. The recipe that it
    /// states is what it does.
    func withoutPreparation(_ graph: Graph) -> Graph? {
        guard let recipe: Recipe = Self.decoded(metadata[ONNXMetadata.recipe]),
            let bytes = graph.inputs.first(where: { graph[$0].shape.dimensions.count == 4 && graph[$0].type == .u8 }),
            let prepared = graph.value(named: ONNXMetadata.preparedPixels),
            Array(graph[prepared].shape.dimensions.dropFirst())
                == [.fixed(recipe.channels), .fixed(recipe.height), .fixed(recipe.width)]
        else { return nil }
        // Only the batch is asked of the bytes.
        return graph.cut(at: prepared, instead: bytes, passed: [bytes]) { _ in nil }
    }

    private func surroundingRecipe(
        _ imageSize: [Int], _ channels: Int, _ name: Recipe.Name?, _ taken: Normalisation?, _ notes: inout [String]
    ) throws(ModelError) -> Recipe {
        if let taken {
            notes.append("the file normalises pixels itself, by mean \(taken.mean) and std \(taken.std)")
            let stated = surroundings.preprocessing?.recipeName
            if name == nil, stated == nil {
                notes.append(
                    "the file does not say how images are resized; recipe timm is assumed (--recipe says otherwise)")
            }
            return try taken.recipe(name ?? stated ?? .timm, imageSize: imageSize)
        }
        if let preparation = surroundings.preprocessing, let normalisation = preparation.normalisation(channels) {
            return try normalisation.recipe(name ?? preparation.recipeName, imageSize: imageSize)
        }
        if let normalisation = surroundings.timm?.pretrained_cfg?.normalisation, normalisation.mean.count == channels {
            return try normalisation.recipe(name ?? .timm, imageSize: imageSize)
        }
        // What the recipe of that name usually goes with.
        let assumed = name ?? .timm
        let normalisation = name == .hf ? Normalisation.half(channels: channels) : .imageNet(channels: channels)
        let sizes = "mean \(normalisation.mean) and std \(normalisation.std)"
        notes.append(
            name == nil
                ? "the file does not say how images are prepared; recipe \(assumed.rawValue) with \(sizes) is assumed "
                    + "(--recipe says otherwise)"
                : "the file states no mean and std; recipe \(assumed.rawValue)'s usual \(sizes) are assumed")
        return try normalisation.recipe(assumed, imageSize: imageSize)
    }

    /// A value that is JSON; nil where it is absent or something else, as another program's may be.
    private static func decoded<T: Decodable>(_ text: String?) -> T? {
        text.flatMap { try? JSONDecoder().decode(T.self, from: Data($0.utf8)) }
    }
}
