import Foundation
import Testing
import UnmaskGraph
import UnmaskModel
import UnmaskRuntime
import UnmaskWeights

/// A tiny ViT in a folder of its own, with a config.json that states what its tensors do not, to be wrapped in any way.
final class WrappedModel {
    let folder: String
    /// In timm's names.
    let tensors: [String: Tensor]
    /// The same model with other weights.
    let others: [String: Tensor]
    static var configuration: [String: Any] {
        [
            "architecture": "vit_tiny_patch4_8",
            "model_args": ["num_heads": 2, "img_size": 8],
            "pretrained_cfg": ["mean": [0.4, 0.5, 0.6], "std": [0.2, 0.25, 0.3], "input_size": [3, 8, 8]],
        ]
    }

    /// - Parameter config: beside every file; nil for none.
    init(config: [String: Any]? = WrappedModel.configuration) throws {
        folder = NSTemporaryDirectory() + "unmask-wrapped-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let shape = ModelConfiguration(imageSize: [8, 8], patchSize: 4, width: 8, depth: 1, heads: 2)
        let own = folder + "/own.safetensors"
        try Model.synthetic(shape, name: "tiny").write(to: own)
        let table = try TensorFile(path: own).tensors()
        try FileManager.default.removeItem(atPath: own)
        tensors = Dictionary(uniqueKeysWithValues: table.map { ($0.name, $0.tensor) })
        others = try tensors.mapValues { tensor in
            Tensor(try #require(tensor.floats()).map { -0.5 * $0 + 0.01 }, shape: tensor.shape)
        }
        if let config { try write(config: config) }
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func write(config: [String: Any], as name: String = "config.json") throws {
        try JSONSerialization.data(withJSONObject: config).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
    }

    /// A new name each time: a file that is mapped must not change.
    private func path(_ name: String) -> String { "\(folder)/\(UUID().uuidString)-\(name)" }

    func safetensors(_ tensors: [String: Tensor]) throws -> String {
        let path = path("model.safetensors")
        var table = TensorTable()
        for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) { _ = table.append(name, tensor) }
        try SafetensorsWriter.write(table, to: path)
        return path
    }

    func torch(_ value: Pickled, extension suffix: String = "pth") throws -> String {
        let path = path("model.\(suffix)")
        try TorchWriter.write(value, to: path)
        return path
    }

    /// Two shards and their index.
    func sharded(_ tensors: [String: Tensor], torch: Bool) throws -> String {
        let names = tensors.keys.sorted()
        var map: [String: String] = [:]
        for half in [names.prefix(names.count / 2), names.suffix(from: names.count / 2)] {
            let part = tensors.filter { half.contains($0.key) }
            let file = try torch ? self.torch(.tensors(part), extension: "bin") : safetensors(part)
            for name in half { map[name] = URL(fileURLWithPath: file).lastPathComponent }
        }
        let path = path(torch ? "pytorch_model.bin.index.json" : "model.safetensors.index.json")
        try JSONSerialization.data(withJSONObject: ["metadata": [:], "weight_map": map]).write(
            to: URL(fileURLWithPath: path))
        return path
    }

    /// The class token's vector of a fixed image.
    static func vector(_ model: Model) throws -> [Float] {
        let session = try ModelSession(model, engine: Engine(threads: 1), maximumBatch: 1)
        let size = model.interface.imageSize
        let pixels = (0..<size[0] * size[1] * 3).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) }
        let masks = [Mask.none(patches: model.interface.patches)]
        let found = try session.forward(.u8(pixels), masks: masks, kept: model.interface.patches, outputs: ["cls"])
        return try #require(found["cls"]).values
    }
}

extension [String: Tensor] {
    func prefixed(_ prefix: String) -> [String: Tensor] {
        Dictionary(uniqueKeysWithValues: map { (prefix + $0.key, $0.value) })
    }
}

/// The error that loading throws; anything else fails the test.
func modelError(
    _ path: String, _ options: ModelLoadOptions = ModelLoadOptions(), _ location: SourceLocation = #_sourceLocation
) throws -> ModelError {
    try #require(
        #expect(throws: ModelError.self, sourceLocation: location) { _ = try Model.load(path, options: options) },
        sourceLocation: location)
}
