internal import UnmaskGraph
internal import UnmaskImage
internal import UnmaskWeights

/// Where a model's computation and weights come from.
enum ModelSource: Sendable {
    case checkpoint(Checkpoint)
    case graph(GraphModel)

    /// Reads any file or folder that Unmask knows, told apart by its contents.
    static func read(_ path: String, _ options: ModelLoadOptions) throws(ModelError) -> ModelSource {
        let source = try readAny(path, options)
        // Reading a graph or another image size computes with weights.
        if let damage = source.tensors.values.damage { throw .unreadable(damage.description) }
        return source
    }

    private static func readAny(_ path: String, _ options: ModelLoadOptions) throws(ModelError) -> ModelSource {
        let place = try CheckpointPlace(path)
        if ONNXLayout.recognises(place.tensorFile) {
            try refuseStateDict(options, of: "an ONNX file", path)
            return try ONNXLayout.read(place, path: path, options)
        }
        let file = try readable { () throws(WeightsError) in try TensorFile(path: place.tensorFile) }
        if OwnLayout.recognises(file) || GraphLayout.recognises(file) {
            try refuseStateDict(options, of: "one of Unmask's own checkpoints", path)
        }
        if GraphLayout.recognises(file) { return .graph(try GraphLayout.read(file, options)) }
        let checkpoint = try Checkpoint.read(file, place: place, path: path, options)
        guard let output = options.output else { return .checkpoint(checkpoint) }
        return .graph(try GraphModel(checkpoint, output: output, file: path))
    }

    private static func refuseStateDict(
        _ options: ModelLoadOptions, of kind: String, _ path: String
    ) throws(ModelError) {
        guard let key = options.stateDict else { return }
        throw .invalidRequest("\(path): \(kind) holds one model; a state dict (“\(key)”) cannot be chosen in it")
    }

    var interface: ModelInterface {
        switch self {
        case .checkpoint(let checkpoint): ModelInterface(checkpoint.configuration, scores: checkpoint.scores)
        case .graph(let graph): graph.interface
        }
    }

    var recipe: Recipe {
        switch self {
        case .checkpoint(let checkpoint): checkpoint.recipe
        case .graph(let graph): graph.recipe
        }
    }

    /// Who said what of the recipe.
    var recipeOrigins: [RecipeOrigin] {
        switch self {
        case .checkpoint(let checkpoint): checkpoint.preparation.origins
        case .graph(let graph): graph.facts.preparation?.origins ?? []
        }
    }

    var labels: [String] {
        switch self {
        case .checkpoint(let checkpoint): checkpoint.labels
        case .graph(let graph): graph.facts.labels
        }
    }

    var licence: String? {
        switch self {
        case .checkpoint(let checkpoint): checkpoint.licence
        case .graph(let graph): graph.facts.licence
        }
    }

    /// What was assumed because the file does not say.
    var notes: [String] {
        switch self {
        case .checkpoint(let checkpoint): checkpoint.notes
        case .graph(let graph): graph.facts.notes
        }
    }

    /// Which of a file's state dicts it was read from; nil for files that hold one model by their format.
    var stateDict: StateDictChoice? {
        if case .checkpoint(let checkpoint) = self { checkpoint.stateDict } else { nil }
    }

    var imported: ImportedFile? {
        switch self {
        case .checkpoint(let checkpoint): checkpoint.imported
        case .graph(let graph): graph.facts.imported
        }
    }

    /// The content hash that the file states; nil where it has to be computed.
    var statedHash: String? {
        switch self {
        case .checkpoint(let checkpoint): checkpoint.statedHash
        case .graph(let graph): graph.facts.statedHash
        }
    }

    /// What the file says that the model makes of the golden image; nil where it does not.
    var golden: GoldenVector? {
        switch self {
        case .checkpoint(let checkpoint): checkpoint.golden
        case .graph(let graph): graph.facts.golden
        }
    }

    var tensors: [String: Tensor] {
        switch self {
        case .checkpoint(let checkpoint): checkpoint.tensors
        case .graph(let graph): graph.tensors
        }
    }

    /// SHA-256 of what the model computes.
    func contentHash() -> String {
        ContentHash.hash(configuration: identity, tensors: tensors)
    }

    /// What it computes but for its tensors' contents, in words.
    var identity: String {
        switch self {
        case .checkpoint(let checkpoint): OwnLayout.encode(checkpoint.configuration)
        case .graph(let graph): graph.identity
        }
    }

    /// The computation, with the inputs and outputs that `ModelGraph` names.
    /// - Parameter masks: whether patches may be left out, where the model allows it; an imported graph keeps the inputs that
    ///   it has.
    func build(pixels: PixelInput, masks: Bool = true) throws(ModelError) -> Graph {
        switch self {
        case .checkpoint(let checkpoint):
            try ModelGraph.build(
                checkpoint.configuration, parameters: checkpoint.tensors, recipe: checkpoint.recipe, pixels: pixels,
                masks: masks)
        case .graph(let graph): try graph.build(pixels: pixels)
        }
    }

    /// Writes one of Unmask's own checkpoints beside its place and renames it.
    /// - Parameter type: nil keeps each weight as it is stored.
    func write(hash: String?, golden: GoldenVector?, to path: String, as type: StorageType?) throws(ModelError) {
        switch self {
        case .checkpoint(let checkpoint):
            try OwnLayout.write(checkpoint, hash: hash, golden: golden, to: path, as: type)
        case .graph(let graph): try GraphLayout.write(graph, hash: hash, golden: golden, to: path, as: type)
        }
    }
}
