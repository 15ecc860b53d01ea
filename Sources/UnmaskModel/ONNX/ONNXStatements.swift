internal import Foundation
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

    /// - Parameter recipe: the name that the user gives the recipe.
    func facts(imageSize: [Int], channels: Int, recipe: Recipe.Name?) throws(ModelError) -> GraphModel.Facts {
        var facts = GraphModel.Facts()
        let stated: Recipe? = Self.decoded(metadata[ONNXMetadata.recipe])
        if let stated, stated.channels == channels {
            facts.recipe = try stated.with(name: recipe, imageSize: imageSize)
        } else {
            facts.recipe = try surroundingRecipe(imageSize, channels, recipe, &facts.notes)
        }
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
        let normPix = configuration?.decoder?.normPix ?? surroundings.transformers?.norm_pix_loss
        if checkpoint.configuration.decoder != nil {
            if options.normPix == nil, normPix == nil {
                checkpoint.notes.append(
                    "the file does not say whether the decoder predicts normalised patches; taken as not")
            }
            checkpoint.configuration.decoder?.normPix = options.normPix ?? normPix ?? false
        }
    }

    private func surroundingRecipe(
        _ imageSize: [Int], _ channels: Int, _ name: Recipe.Name?, _ notes: inout [String]
    ) throws(ModelError) -> Recipe {
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
