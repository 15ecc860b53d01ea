internal import Foundation
internal import Synchronization
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
    private let source: ModelSource
    private let computedHash = Mutex<String?>(nil)

    /// Loads Unmask's own checkpoints, ViTs and MAEs in the names of timm, transformers, torchvision and MMPretrain out
    /// of whatever wraps them, and ONNX files, told apart by their contents. Nothing is read but the headers.
    public static func load(
        _ path: String, name: String? = nil, options: ModelLoadOptions = ModelLoadOptions()
    ) throws(ModelError) -> Model {
        Model(try ModelSource.read(path, options), name: name ?? Self.name(ofFile: path))
    }

    /// What a model is called that is given no other name: its file's or folder's, up to the first dot.
    public static func name(ofFile path: String) -> String {
        let file = path.split(separator: "/").last.map(String.init) ?? path
        return file.split(separator: ".").first.map(String.init) ?? file
    }

    init(_ source: ModelSource, name: String) {
        self.name = name
        self.source = source
        interface = source.interface
        recipe = source.recipe
        labels = source.labels
        licence = source.licence
        notes = source.notes
        stateDict = source.stateDict
        imported = source.imported
        golden = source.golden
        computedHash.withLock { $0 = source.statedHash }
    }

    /// The dimensions of a Vision Transformer or masked autoencoder; nil for a graph of another kind.
    public var configuration: ModelConfiguration? {
        if case .checkpoint(let checkpoint) = source { checkpoint.configuration } else { nil }
    }

    public var hasDecoder: Bool { interface.decoder != nil }
    public var hasHead: Bool { interface.classes > 0 }

    /// SHA-256 of configuration and parameters, 64 hexadecimal digits: the same for the same model in any file format.
    /// Unmask's own checkpoints state it; for others it is computed once, on first use, by reading all weights.
    public var hash: String {
        computedHash.withLock { known in
            if let known { return known }
            let hash = source.contentHash()
            known = hash
            return hash
        }
    }

    /// How the weights are stored, the most frequent first: usually one of f32, f16 and bf16.
    public var storage: [ElementType] {
        var bytes: [ElementType: Int] = [:]
        for tensor in source.tensors.values { bytes[tensor.type, default: 0] += tensor.byteCount }
        return bytes.sorted { ($0.value, $0.key.rawValue) > ($1.value, $1.key.rawValue) }.map(\.key)
    }

    /// Stored numbers of the whole model.
    public var parameterCount: Int { source.tensors.values.reduce(0) { $0 + $1.count } }

    /// The weights' bytes as stored.
    public var storedBytes: Int { source.tensors.values.reduce(0) { $0 + $1.byteCount } }

    /// Writes the model as one of Unmask's own checkpoints: to a temporary file that is then renamed.
    /// - Parameters:
    ///   - type: f32, f16 or bf16; nil keeps each weight as it is stored.
    ///   - golden: run the model once, as written, and store what it makes of the golden image.
    public func write(to path: String, as type: StorageType? = nil, golden: Bool = false) throws(ModelError) {
        guard let type, storage.contains(where: { $0.rawValue != type.rawValue }) else {
            let golden = golden ? try ModelSession(self, maximumBatch: 1).goldenVector() : self.golden
            return try source.write(hash: hash, golden: golden, to: path, as: nil)
        }
        // The hash that the file states, and its golden vector, are those of the converted weights.
        let draft = path + ".\(getpid()).draft"
        defer { unlink(draft) }
        try source.write(hash: nil, golden: nil, to: draft, as: type)
        try Model.load(draft).write(to: path, golden: golden)
    }

    /// The model's computation with its weights.
    package func graph(pixels: PixelInput = .bytes) throws(ModelError) -> Graph {
        try source.build(pixels: pixels)
    }
}

extension Model {
    /// A model of that architecture with arbitrary weights of a plausible size, for measuring speed without a file.
    public static func synthetic(_ configuration: ModelConfiguration, name: String) throws(ModelError) -> Model {
        try configuration.validate()
        let noise = Philox(seed: 1).uniform(1 << 16).map { ($0 - 0.5) * 0.07 }
        var tensors: [String: Tensor] = [:]
        for (name, shape) in ParameterTable(configuration).shapes {
            let count = shape.reduce(1, *)
            let isScale = shape.count == 1 && name.hasSuffix("weight")
            tensors[name] = Tensor(
                isScale ? Array(repeating: 1, count: count) : (0..<count).map { noise[$0 & 0xFFFF] }, shape: shape)
        }
        let recipe = try Normalisation.imageNet(channels: configuration.channels).recipe(
            .timm, imageSize: configuration.imageSize)
        let checkpoint = Checkpoint(
            configuration: configuration, recipe: recipe, labels: [], licence: nil, statedHash: nil, tensors: tensors)
        return Model(.checkpoint(checkpoint), name: name)
    }
}
