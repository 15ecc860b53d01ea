internal import Foundation
public import UnmaskGraph
public import UnmaskImage

/// A model as it lies in its file: what it is, how its images are prepared, and its weights, mapped.
///
/// To run it, make a `ModelSession`.
public final class Model: Sendable {
    /// What answers call it.
    public let name: String
    /// What it takes and gives.
    public let interface: ModelInterface
    public let recipe: Recipe
    /// Who said what of the recipe.
    public let recipeOrigins: [RecipeOrigin]
    /// Of the head's outputs, in order; empty where the checkpoint has none.
    public let labels: [String]
    public let licence: String?
    /// What had to be assumed because the file does not say.
    public let notes: [String]
    /// Which of its file's state dicts it was read from; nil for ONNX files and Unmask's own, which hold one model.
    public let stateDict: StateDictChoice?
    /// What the ONNX file that the model came in says of itself; nil for other files.
    public let imported: ImportedFile?
    /// What the model made of the golden image when its file was written, if the file says.
    public let golden: GoldenVector?
    let source: ModelSource
    private let contentHash: BackgroundHash

    /// Loads Unmask's own checkpoints, ViTs and MAEs in the names of timm, transformers, torchvision and MMPretrain out
    /// of whatever wraps them, and ONNX files, told apart by their contents. Nothing is read but the headers.
    public static func load(
        _ path: String, name: String? = nil, options: ModelLoadOptions = ModelLoadOptions()
    ) throws(ModelError) -> Model {
        Model(try ModelSource.read(path, options), name: name ?? Self.name(ofFile: path), file: path)
    }

    /// What a model is called that is given no other name: its file's or folder's, up to the first dot.
    public static func name(ofFile path: String) -> String {
        let file = path.split(separator: "/").last.map(String.init) ?? path
        return file.split(separator: ".").first.map(String.init) ?? file
    }

    /// - Parameter file: what errors call it.
    init(_ source: ModelSource, name: String, file: String? = nil) {
        self.name = name
        self.source = source
        interface = source.interface
        recipe = source.recipe
        recipeOrigins = source.recipeOrigins
        labels = source.labels
        licence = source.licence
        notes = source.notes
        stateDict = source.stateDict
        imported = source.imported
        golden = source.golden
        contentHash = BackgroundHash(source, file: file ?? name)
    }

    /// The dimensions of a Vision Transformer or masked autoencoder; nil for a graph of another kind.
    public var configuration: ModelConfiguration? {
        if case .checkpoint(let checkpoint) = source { checkpoint.configuration } else { nil }
    }

    public var hasDecoder: Bool { interface.decoder != nil }
    public var hasHead: Bool { interface.classes > 0 }

    /// SHA-256 of configuration and parameters, 64 hexadecimal digits: the same for the same model in any file format.
    /// Computed once, by reading all weights: what a file states of itself is compared with it, never believed.
    ///
    /// Throws where the file states another, or was changed since it was opened. Waits where it is not computed yet.
    public var hash: String {
        get throws(ModelError) { try contentHash.value }
    }

    /// Begins to compute `hash` on a thread of its own, so that whoever asks for it later waits less.
    public func beginHashing() { contentHash.begin() }

    /// Begins to compute the hash where the file states one.
    func beginVerifying() {
        if source.statedHash != nil { contentHash.begin() }
    }

    /// Throws where the file states another hash than its contents have. Waits where that is not known yet.
    func verify() throws(ModelError) {
        if source.statedHash != nil { _ = try contentHash.value }
    }

    /// How the weights are stored, the most frequent first: usually one of f32, f16, bf16 and, quantised, i8.
    public var storage: [ElementType] {
        var bytes: [ElementType: Int] = [:]
        for tensor in source.tensors.values.flatMap(\.stored) { bytes[tensor.type, default: 0] += tensor.byteCount }
        return bytes.sorted { ($0.value, $0.key.rawValue) > ($1.value, $1.key.rawValue) }.map(\.key)
    }

    /// Whether the file holds weights as whole numbers of 8 bits that int8 products read: what `Precision.file` makes int8.
    public var statesInt8: Bool {
        switch source {
        case .checkpoint(let checkpoint): checkpoint.tensors.values.contains(where: \.isWhole)
        case .graph(let graph):
            graph.graph.nodes.contains { node in
                guard case .linear = node.op, let weight = node.inputs[LinearOperand.weight] else { return false }
                return graph.graph.constants[weight]?.isWhole ?? false
            }
        }
    }

    /// Stored numbers of the whole model.
    public var parameterCount: Int { source.tensors.values.reduce(0) { $0 + $1.count } }

    /// The weights' bytes as stored.
    public var storedBytes: Int { source.tensors.values.flatMap(\.stored).reduce(0) { $0 + $1.byteCount } }

    /// Writes the model as one of Unmask's own checkpoints: to a temporary file that is then renamed.
    /// - Parameters:
    ///   - type: f32, f16 or bf16; nil keeps each weight as it is stored.
    ///   - golden: run the model once, as written, and store what it makes of the golden image.
    public func write(to path: String, as type: StorageType? = nil, golden: Bool = false) throws(ModelError) {
        beginVerifying()
        guard let type, storage.contains(where: { $0.rawValue != type.rawValue }) else {
            let golden = golden ? try ModelSession(self, maximumBatch: 1).goldenVector() : self.golden
            return try source.write(hash: hash, golden: golden, to: path, as: nil)
        }
        // The hash that the file states, and its golden vector, are those of the converted weights.
        let draft = path + ".\(getpid()).draft"
        defer { unlink(draft) }
        try source.write(hash: nil, golden: nil, to: draft, as: type)
        try verify()
        try Model.load(draft).write(to: path, golden: golden)
    }

    /// The model's computation with its weights.
    /// - Parameter masks: whether it is one in which patches may be left out, where the model allows it.
    package func graph(pixels: PixelInput = .bytes, masks: Bool = true) throws(ModelError) -> Graph {
        try source.build(pixels: pixels, masks: masks)
    }
}

extension Model {
    /// A model of that architecture with arbitrary weights of a plausible size, for measuring speed without a file.
    public static func synthetic(_ configuration: ModelConfiguration, name: String) throws(ModelError) -> Model {
        try configuration.validate()
        let noise = Philox(seed: 1).uniform(1 << 16).map { ($0 - 0.5) * 0.07 }
        var tensors: [String: Tensor] = [:]
        for (name, shape) in try ParameterShapes(configuration).shapes {
            let count = shape.reduce(1, *)
            let isScale = shape.count == 1 && name.hasSuffix("weight")
            tensors[name] = Tensor(
                isScale ? Array(repeating: 1, count: count) : (0..<count).map { noise[$0 & 0xFFFF] }, shape: shape)
        }
        let preparation = try RecipeResolver(
            imageSize: configuration.imageSize, channels: configuration.channels, usual: .unknown(nil)
        ).resolve()
        let checkpoint = Checkpoint(
            configuration: configuration, preparation: preparation, labels: [], licence: nil, statedHash: nil,
            tensors: tensors)
        return Model(.checkpoint(checkpoint), name: name)
    }
}
