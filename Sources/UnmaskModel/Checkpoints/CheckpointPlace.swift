internal import Foundation

/// Where a checkpoint's tensors and its JSON files are: a folder as Hugging Face and timm leave it, or one file.
struct CheckpointPlace {
    let tensorFile: String
    private let folder: String
    private let path: String

    init(_ path: String) throws(ModelError) {
        self.path = path
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            throw .unreadable("\(path): \(Self.absence(path))")
        }
        guard isDirectory.boolValue else {
            tensorFile = path
            folder = (path as NSString).deletingLastPathComponent
            return
        }
        folder = path
        let names = [
            "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json",
            "model.onnx", "onnx/model.onnx",
        ]
        let candidates = names.map { (path as NSString).appendingPathComponent($0) }
        guard let found = candidates.first(where: { FileManager.default.fileExists(atPath: $0) }) else {
            throw .unreadable("\(path): the folder has none of \(names.joined(separator: ", "))\(Self.instead(path))")
        }
        tensorFile = found
    }

    /// Why there is nothing of that name, where the name is not a path at all.
    private static func absence(_ path: String) -> String {
        if path.contains("://") { return "a URL; download the file first (curl -LO URL) and give its path" }
        let parts = path.split(separator: ":").last?.split(separator: "/", omittingEmptySubsequences: false) ?? []
        let isHubName =
            parts.count == 2
            && parts.allSatisfy { part in
                !part.isEmpty && !part.hasPrefix(".") && !part.hasPrefix("~")
            }
        guard isHubName, !weights.contains(where: { path.hasSuffix($0) }) else {
            return "no such file or folder; give a checkpoint file or a Hugging Face folder"
        }
        let name = parts.joined(separator: "/")
        return "no such file or folder; if it is a name on the Hugging Face hub, download it first "
            + "(hf download \(name) --local-dir \(parts[1])) and give the folder"
    }

    private static let weights = [".safetensors", ".pth", ".pt", ".bin", ".ckpt", ".onnx", ".json"]

    /// What a folder has in place of a checkpoint that is read.
    private static func instead(_ path: String) -> String {
        let files = ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
        let way = "load it in transformers 4 and save_pretrained, which writes model.safetensors"
        if files.contains("flax_model.msgpack") { return "; it has Flax weights: \(way) (from_flax=True)" }
        if files.contains("tf_model.h5") { return "; it has TensorFlow weights: \(way) (from_tf=True)" }
        if files.contains("saved_model.pb") {
            return "; it is a TensorFlow SavedModel: export it to ONNX (python -m tf2onnx.convert --saved-model)"
        }
        let others = files.filter { file in weights.contains { file.hasSuffix($0) } && !file.hasSuffix(".json") }
        return others.isEmpty ? "" : "; it has \(brief(others)): give the file itself"
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
