internal import Foundation
internal import UnmaskGraph
internal import UnmaskImage
internal import UnmaskWeights

/// Unmask's own checkpoints: safetensors in timm's names whose metadata hold everything else.
enum OwnLayout {
    static let format = "unmask/1"

    /// Keys of the metadata.
    private enum Key {
        static let format = "format", config = "config", recipe = "recipe", licence = "licence", labels = "labels"
        static let hash = "hash", golden = "golden", scores = "scores"
    }

    static func recognises(_ file: TensorFile) -> Bool {
        file.metadata[Key.format]?.hasPrefix("unmask/") ?? false
    }

    static func read(_ file: TensorFile, _ options: ModelLoadOptions) throws(ModelError) -> Checkpoint {
        guard file.metadata[Key.format] == format else {
            throw .unsupported(
                file: file.path,
                feature: "format \(file.metadata[Key.format] ?? ""), expected \(format): written by another version")
        }
        let configuration = try decode(Key.config, as: ModelConfiguration.self, file)
        return Checkpoint(
            configuration: configuration,
            preparation: try RecipeResolver.resolve(
                stated: try decode(Key.recipe, as: Recipe.self, file), in: file.path,
                imageSize: options.imageSize ?? configuration.imageSize, channels: configuration.channels,
                options.recipe),
            labels: file.metadata[Key.labels] == nil ? [] : try decode(Key.labels, as: [String].self, file),
            licence: file.metadata[Key.licence], statedHash: file.metadata[Key.hash],
            golden: try golden(file),
            tensors: try tensors(file), scores: try scores(file, Key.scores))
    }

    /// What the file says that its head gives, if it says.
    static func scores(_ file: TensorFile, _ key: String) throws(ModelError) -> ScoreKind? {
        guard let text = file.metadata[key] else { return nil }
        guard let kind = ScoreKind(rawValue: text) else {
            throw .unsupported(
                file: file.path,
                feature: "its head gives \(text); expected one of "
                    + ScoreKind.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return kind
    }

    /// Every tensor of the file by its name, quantised ones with their scales.
    static func tensors(_ file: TensorFile) throws(ModelError) -> [String: Tensor] {
        let table = try readable { () throws(WeightsError) in try file.tensors() }
        return try QuantisedStorage.joined(
            Dictionary(uniqueKeysWithValues: table.map { ($0.name, $0.tensor) }), file: file)
    }

    /// What the file says that the model makes of the golden image, if it says.
    static func golden(_ file: TensorFile) throws(ModelError) -> GoldenVector? {
        file.metadata[Key.golden] == nil ? nil : try decode(Key.golden, as: GoldenVector.self, file)
    }

    static func decode<T: Decodable>(
        _ key: String, as type: T.Type, _ file: TensorFile
    ) throws(ModelError) -> T {
        guard let text = file.metadata[key] else {
            throw .unrecognised(file: file.path, detail: "its metadata have no entry “\(key)”")
        }
        do {
            let decoder = JSONDecoder()
            decoder.nonConformingFloatDecodingStrategy = .convertFromString(
                positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
            return try decoder.decode(type, from: Data(text.utf8))
        } catch {
            throw .unrecognised(file: file.path, detail: "the entry “\(key)” of its metadata cannot be read: \(error)")
        }
    }

    /// Writes a checkpoint beside its place and renames it. Tensors are stored in the type given, or as they are.
    static func write(
        _ checkpoint: Checkpoint, hash: String?, golden: GoldenVector?, to path: String, as type: StorageType?
    ) throws(ModelError) {
        var metadata = [
            Key.format: format, Key.config: encode(checkpoint.configuration), Key.recipe: encode(checkpoint.recipe),
        ]
        metadata[Key.licence] = checkpoint.licence
        metadata[Key.hash] = hash
        metadata[Key.scores] = checkpoint.scores?.rawValue
        metadata[Key.golden] = golden.map(encode)
        if !checkpoint.labels.isEmpty { metadata[Key.labels] = encode(checkpoint.labels) }
        let table = QuantisedStorage.table(of: checkpoint.tensors, as: type, &metadata)
        do throws(WeightsError) {
            try SafetensorsWriter.write(table, metadata: metadata, storage: type?.storage, to: path)
        } catch {
            throw .unwritable(error.description)
        }
    }

    /// JSON with sorted keys: equal values give equal text.
    static func encode(_ value: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
