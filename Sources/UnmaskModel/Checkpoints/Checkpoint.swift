internal import Foundation
internal import UnmaskGraph
internal import UnmaskImage
internal import UnmaskWeights

/// A checkpoint in timm's parameter names, wherever it came from.
struct Checkpoint {
    var configuration: ModelConfiguration
    var preparation: ResolvedRecipe
    var labels: [String]
    var licence: String?
    /// The content hash that the file states; nil where it has to be computed.
    var statedHash: String?
    /// What the model made of the golden image when the file was written; nil where it does not say.
    var golden: GoldenVector?
    /// By timm's names, with shapes as in `ParameterShapes`.
    var tensors: [String: Tensor]
    /// What a parameter is called in the file.
    var originalNames: [String: String] = [:]
    /// What was assumed because the file does not say.
    var notes: [String] = []
    /// What an ONNX file says of itself; nil for other files.
    var imported: ImportedFile?

    /// What the head's outputs are; nil where the file does not say.
    var scores: ScoreKind?

    /// Which state dict it was read from; nil for files that hold one model by their format.
    var stateDict: StateDictChoice?

    var recipe: Recipe { preparation.recipe }

    /// Reads any of the layouts that Unmask knows, told apart by contents.
    /// - Parameter path: what the user named: the file, or a folder with it.
    static func read(
        _ file: TensorFile, place: CheckpointPlace, path: String, _ options: ModelLoadOptions
    ) throws(ModelError) -> Checkpoint {
        var checkpoint =
            OwnLayout.recognises(file)
            ? try OwnLayout.read(file, options) : try found(in: file, place: place, path: path, options)
        try checkpoint.finish(file: path, options)
        return checkpoint
    }

    /// The model in whatever holds it.
    private static func found(
        in file: TensorFile, place: CheckpointPlace, path: String, _ options: ModelLoadOptions
    ) throws(ModelError) -> Checkpoint {
        let finder = StateDictFinder(file, path: path)
        let (match, others) = try finder.find(options.stateDict)
        let source = LayoutSource(
            file: path, tensors: try finder.tensors(match, others), metadata: file.metadata, place: place,
            isPartOfTraining: !match.stateDict.path.isEmpty)
        let layout = StateDictFinder.layouts[match.pattern]
        var checkpoint = try layout.read(source, options)
        checkpoint.stateDict = StateDictChoice(
            key: match.key, layout: layout.pattern.name, left: others.map(\.key))
        if !file.unnamedAverages.isEmpty {
            checkpoint.notes.append(
                "averaged weights without names, which cannot be read: \(brief(file.unnamedAverages))")
        }
        let besides = finder.besides(match, others)
        if !besides.isEmpty {
            checkpoint.notes.append("unused, beside the model: \(brief(TensorAccount.grouped(besides)))")
        }
        return checkpoint
    }

    /// Checks that tensors and configuration fit together, and applies what the options say otherwise.
    mutating func finish(file path: String, _ options: ModelLoadOptions) throws(ModelError) {
        try configuration.validate()
        let originals = originalNames
        let table = try ParameterShapes(configuration)
        try leaveOut(tensors.keys.filter { table.shapes[$0] == nil }, file: path)
        try table.check(tensors.mapValues(\.shape), file: path, original: { originals[$0] ?? $0 })
        if let wrong = tensors.first(where: { ![.f32, .f16, .bf16].contains($0.value.type) }) {
            throw .unsupported(
                file: path, feature: "\(wrong.key) is stored as \(wrong.value.type.rawValue); expected f32, f16 or bf16"
            )
        }
        if !options.recipe.isEmpty { golden = nil }
        if let given = options.labels {
            labels = try ModelLoadOptions.checked(labels: given, outputs: configuration.classes, file: path)
        }
        notes += preparation.notes
        if let stated = options.licence { licence = stated }
        if let size = options.imageSize { try resize(to: size, file: path) }
    }

    /// Accounts for tensors that the configuration does not have: those that play no part are left out and noted, those
    /// that make another model of it are refused.
    private mutating func leaveOut(_ names: [String], file path: String) throws(ModelError) {
        let account = TensorAccount(names)
        let originals = originalNames
        if let (feature, names) = account.uncomputable.first {
            throw .unsupported(
                file: path,
                feature:
                    "\(feature) (\(brief(names.map { originals[$0] ?? $0 }, most: 3))), which Unmask's checkpoints "
                    + "do not have: \(ForeignFamily.way)")
        }
        for name in account.unused { tensors[name] = nil }
        if !account.unused.isEmpty {
            let names = account.unused.map { originals[$0] ?? $0 }
            notes.append("unused, no part of what is computed: \(brief(TensorAccount.grouped(names)))")
        }
    }

    /// The same model for another image size: position embeddings are interpolated.
    private mutating func resize(to size: [Int], file path: String) throws(ModelError) {
        let from = configuration.grid
        guard size != configuration.imageSize else { return }
        configuration.imageSize = size
        try configuration.validate()
        statedHash = nil
        golden = nil
        if configuration.composition.block.relativePositions == .decomposed {
            resizeRelations(from: from, to: configuration.grid)
        } else if configuration.composition.block.relativePositions != nil {
            try resizeBiases(from: from, to: configuration.grid, file: path)
        }
        var tokens = 1  // along each side of a patch
        if case .hiera(let plan)? = configuration.composition.trunk, plan.globalPositions == nil {
            guard configuration.positionInterpolation == .hf else {
                throw .unsupported(
                    file: path,
                    feature: "Hiera's positions are for images of \(from.map { $0 * configuration.patchSize }); "
                        + "they are not stretched to \(size), as timm does not")
            }
            tokens = plan.unit
        } else if configuration.composition.trunk != nil {
            // The builder stretches those of an image and its units.
            return
        }
        resizePositions("pos_embed", configuration.composition.tokens.positioned ?? 0, from: from, tokens: tokens)
        resizePositions("decoder_pos_embed", configuration.prefixCount, from: from, tokens: 1)
    }

    /// - Parameters:
    ///   - prefix: positions in front of the grid's.
    ///   - from: the patches that they are for, along each side.
    ///   - tokens: along each side of a patch.
    private mutating func resizePositions(_ name: String, _ prefix: Int, from: [Int], tokens: Int) {
        guard let table = tensors[name], let width = table.shape.last, let values = table.floats() else { return }
        let grid = configuration.grid.map { $0 * tokens }
        let resized = PositionResizing.resize(
            values, prefix: prefix, width: width, from: from.map { $0 * tokens }, to: grid,
            interpolation: configuration.positionInterpolation)
        tensors[name] = Tensor(resized, shape: [1, prefix + grid.reduce(1, *), width])
    }
}

/// Turns a tensor file's error into the model's.
func readable<T>(_ body: () throws(WeightsError) -> T) throws(ModelError) -> T {
    do throws(WeightsError) { return try body() } catch { throw .unreadable(error.description) }
}
