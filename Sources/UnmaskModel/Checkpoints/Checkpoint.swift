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
    /// By timm's names, with shapes as in `ParameterTable`.
    var tensors: [String: Tensor]
    /// What a parameter is called in the file.
    var originalNames: [String: String] = [:]
    /// What was assumed because the file does not say.
    var notes: [String] = []
    /// What an ONNX file says of itself; nil for other files.
    var imported: ImportedFile?

    var recipe: Recipe { preparation.recipe }

    /// Reads any of the layouts that Unmask knows, told apart by contents.
    /// - Parameter path: what the user named: the file, or a folder with it.
    static func read(
        _ file: TensorFile, place: CheckpointPlace, path: String, _ options: ModelLoadOptions
    ) throws(ModelError) -> Checkpoint {
        let names = Set(file.tensors.names)
        var checkpoint =
            if OwnLayout.recognises(file) {
                try OwnLayout.read(file, options)
            } else if HuggingFaceLayout.recognises(names) {
                try HuggingFaceLayout.read(file, place: place, options)
            } else if TimmLayout.recognises(names) {
                try TimmLayout.read(file, place: place, options)
            } else {
                throw ModelError.unrecognised(
                    file: path,
                    detail: "expected tensors named as timm (patch_embed.proj.weight) or Hugging Face "
                        + "(embeddings.patch_embeddings.projection.weight) do; found "
                        + (names.isEmpty ? "none" : names.sorted().prefix(3).joined(separator: ", ") + "…"))
            }
        try checkpoint.finish(file: path, options)
        return checkpoint
    }

    /// Checks that tensors and configuration fit together, and applies what the options say otherwise.
    mutating func finish(file path: String, _ options: ModelLoadOptions) throws(ModelError) {
        try configuration.validate()
        let originals = originalNames
        try ParameterTable(configuration).check(
            tensors.mapValues(\.shape), file: path, original: { originals[$0] ?? $0 })
        if let wrong = tensors.first(where: { ![.f32, .f16, .bf16].contains($0.value.type) }) {
            throw .unsupported(
                file: path, feature: "\(wrong.key) is stored as \(wrong.value.type.rawValue); expected f32, f16 or bf16"
            )
        }
        if !options.recipe.isEmpty { golden = nil }
        notes += preparation.notes
        if let stated = options.licence { licence = stated }
        if let size = options.imageSize { try resize(to: size) }
    }

    /// The same model for another image size: position embeddings are interpolated.
    private mutating func resize(to size: [Int]) throws(ModelError) {
        let from = configuration.grid
        guard size != configuration.imageSize else { return }
        configuration.imageSize = size
        try configuration.validate()
        statedHash = nil
        golden = nil
        for (name, width) in [("pos_embed", configuration.width), ("decoder_pos_embed", configuration.decoder?.width)] {
            guard let width, let values = tensors[name]?.floats() else { continue }
            let resized = PositionResizing.resize(
                values, width: width, from: from, to: configuration.grid,
                interpolation: configuration.positionInterpolation)
            tensors[name] = Tensor(resized, shape: [1, 1 + configuration.patches, width])
        }
    }
}

/// Where a checkpoint's tensors and its JSON files are: a folder as Hugging Face and timm leave it, or one file.
struct CheckpointPlace {
    let tensorFile: String
    private let folder: String
    private let path: String

    init(_ path: String) throws(ModelError) {
        self.path = path
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            throw .unreadable("\(path): no such file or folder; give a checkpoint file or a Hugging Face folder")
        }
        guard isDirectory.boolValue else {
            tensorFile = path
            folder = (path as NSString).deletingLastPathComponent
            return
        }
        folder = path
        let names = [
            "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "model.onnx", "onnx/model.onnx",
        ]
        let candidates = names.map { (path as NSString).appendingPathComponent($0) }
        guard let found = candidates.first(where: { FileManager.default.fileExists(atPath: $0) }) else {
            throw .unreadable("\(path): the folder has none of \(names.joined(separator: ", "))")
        }
        tensorFile = found
    }

    /// A thousand labels take 30 kB.
    private static let maximumJSONBytes = 16 << 20

    /// Where a file beside the tensors is; nil where there is none.
    func file(_ name: String) -> String? {
        let file = (folder.isEmpty ? "." : folder) + "/" + name
        return FileManager.default.fileExists(atPath: file) ? file : nil
    }

    /// A JSON file beside the tensors, decoded leniently; nil where there is none.
    func json<T: Decodable>(_ name: String, as type: T.Type) throws(ModelError) -> T? {
        guard let file = file(name) else { return nil }
        let size = (try? FileManager.default.attributesOfItem(atPath: file)[.size] as? Int) ?? 0
        guard size <= Self.maximumJSONBytes else {
            throw .unreadable("\(file): \(size) bytes; expected at most \(Self.maximumJSONBytes) of configuration")
        }
        do {
            let data = try Data(contentsOf: URL(fileURLWithPath: file))
            return try JSONDecoder().decode(type, from: data)
        } catch {
            throw .unreadable("\(file): not the JSON that was expected: \(error)")
        }
    }
}

/// Turns a tensor file's error into the model's.
func readable<T>(_ body: () throws(WeightsError) -> T) throws(ModelError) -> T {
    do throws(WeightsError) { return try body() } catch { throw .unreadable(error.description) }
}
