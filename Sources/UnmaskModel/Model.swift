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
    public let configuration: ModelConfiguration
    public let recipe: Recipe
    /// Of the head's outputs, in order; empty where the checkpoint has none.
    public let labels: [String]
    public let licence: String?
    /// What had to be assumed because the file does not say.
    public let notes: [String]
    private let checkpoint: Checkpoint
    private let computedHash = Mutex<String?>(nil)

    /// Loads Unmask's own checkpoints, Hugging Face's ViT and ViTMAE folders, timm's ViT files and the original MAE
    /// `.pth` files, told apart by their contents. Nothing is read but the headers.
    public static func load(
        _ path: String, name: String? = nil, options: ModelLoadOptions = ModelLoadOptions()
    ) throws(ModelError) -> Model {
        let file = path.split(separator: "/").last.map(String.init) ?? path
        let stem = file.split(separator: ".").first.map(String.init) ?? file
        return Model(try Checkpoint.read(path, options), name: name ?? stem)
    }

    private init(_ checkpoint: Checkpoint, name: String) {
        self.name = name
        self.checkpoint = checkpoint
        configuration = checkpoint.configuration
        recipe = checkpoint.recipe
        labels = checkpoint.labels
        licence = checkpoint.licence
        notes = checkpoint.notes
        computedHash.withLock { $0 = checkpoint.statedHash }
    }

    public var hasDecoder: Bool { configuration.decoder != nil }
    public var hasHead: Bool { configuration.classes > 0 }

    /// SHA-256 of configuration and parameters, 64 hexadecimal digits: the same for the same model in any file format.
    /// Unmask's own checkpoints state it; for others it is computed once, on first use, by reading all weights.
    public var hash: String {
        computedHash.withLock { known in
            if let known { return known }
            let hash = ContentHash.hash(
                configuration: OwnLayout.encode(configuration), tensors: checkpoint.tensors)
            known = hash
            return hash
        }
    }

    /// How the weights are stored, the most frequent first: usually one of f32, f16 and bf16.
    public var storage: [ElementType] {
        var bytes: [ElementType: Int] = [:]
        for tensor in checkpoint.tensors.values { bytes[tensor.type, default: 0] += tensor.byteCount }
        return bytes.sorted { ($0.value, $0.key.rawValue) > ($1.value, $1.key.rawValue) }.map(\.key)
    }

    /// The weights' bytes as stored.
    public var storedBytes: Int { checkpoint.tensors.values.reduce(0) { $0 + $1.byteCount } }

    /// Writes the model as one of Unmask's own checkpoints: to a temporary file that is then renamed.
    /// - Parameter type: f32, f16 or bf16; nil keeps each weight as it is stored.
    public func write(to path: String, as type: StorageType? = nil) throws(ModelError) {
        guard let type, storage.contains(where: { $0.rawValue != type.rawValue }) else {
            return try OwnLayout.write(checkpoint, hash: hash, to: path, as: nil)
        }
        // The hash that the file states is that of the converted weights.
        let draft = path + ".\(getpid()).draft"
        defer { unlink(draft) }
        try OwnLayout.write(checkpoint, hash: nil, to: draft, as: type)
        try Model.load(draft).write(to: path)
    }

    /// The model's computation with its weights.
    package func graph(pixels: PixelInput = .bytes) throws(ModelError) -> Graph {
        try ModelGraph.build(configuration, parameters: checkpoint.tensors, recipe: recipe, pixels: pixels)
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
        return Model(
            Checkpoint(
                configuration: configuration, recipe: recipe, labels: [], licence: nil, statedHash: nil,
                tensors: tensors), name: name)
    }
}
