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

    /// - Parameter recipe: what the user says of it.
    func facts(imageSize: [Int], channels: Int, recipe: RecipeOptions) throws(ModelError) -> GraphModel.Facts {
        var facts = GraphModel.Facts()
        let name: Recipe.Name? = if case .name(let name) = recipe.source { name } else { nil }
        var resolver = try RecipeResolver(imageSize: imageSize, channels: channels, usual: .unknown(name))
        try resolver.add(filesBeside: surroundings.place)
        let stated: Recipe? = Self.decoded(metadata[ONNXMetadata.recipe])
        if let stated { resolver.add(RecipeStatement(stated), from: "the file's metadata") }
        try resolver.add(recipe)
        facts.preparation = try resolver.resolve()
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

    /// A value that is JSON; nil where it is absent or something else, as another program's may be.
    private static func decoded<T: Decodable>(_ text: String?) -> T? {
        text.flatMap { try? JSONDecoder().decode(T.self, from: Data($0.utf8)) }
    }
}
