import Foundation
import Testing
import UnmaskGraph
import UnmaskWeights

/// Finite weights whose results are not: an error for each image, never a `null` among numbers with exit code 0.
@Suite struct NonFiniteTests {
    /// A shipped model whose first MLP multiplies by 10³⁰ twice.
    private func overflowing(_ model: String, in folder: TemporaryFolder) throws -> String {
        let file = try TensorFile(path: model)
        var table = TensorTable()
        for (name, tensor) in try file.tensors() {
            let isHuge = name.hasSuffix("blocks.0.mlp.fc1.weight") || name.hasSuffix("blocks.0.mlp.fc2.weight")
            let values = try #require(tensor.floats())
            let changed = isHuge ? Tensor(values.map { $0 * 1e30 }, shape: tensor.shape) : tensor
            #expect(values.allSatisfy { ($0 * (isHuge ? 1e30 : 1)).isFinite })
            _ = table.append(name, changed)
        }
        let path = folder.file("overflow.safetensors")
        // Without the hash of the weights that were there before, which would be refused.
        try SafetensorsWriter.write(table, metadata: file.metadata.filter { $0.key != "hash" }, to: path)
        return path
    }

    @Test(arguments: [
        (Shipped.autoencoder, ["embed", Shipped.samples]), (Shipped.classifier, ["classify", Shipped.samples]),
        (Shipped.autoencoder, ["reconstruct", Shipped.sample, "-o", "/tmp/unmask-non-finite-\(getpid()).png"]),
    ])
    func everyImageIsAnError(model: String, arguments: [String]) throws {
        let folder = try TemporaryFolder()
        let path = try overflowing(model, in: folder)
        let run = try CommandLineRunner(list: arguments + ["--model", path])
        #expect(run.code == 2, "\(run.errors)")
        #expect(!run.objects.isEmpty && run.errorTypes.count == run.objects.count)
        #expect(Set(run.errorTypes) == ["internal"])
        #expect(run.output.contains("not finite") && !run.output.contains("null"))
        if arguments.count > 2 { #expect(!FileManager.default.fileExists(atPath: arguments[3])) }
    }

    @Test func theManifestHasThemAsErrors() throws {
        let folder = try TemporaryFolder()
        let path = try overflowing(Shipped.autoencoder, in: folder)
        let run = try CommandLineRunner(
            "embed", Shipped.samples, "--model", path, "--out", folder.file("v.npy"))
        #expect(run.code == 2)
        #expect(try NPYFile(path: folder.file("v.npy")).tensor.shape[0] == 0)
        let manifest = try String(contentsOfFile: folder.file("v.manifest.jsonl"), encoding: .utf8)
        #expect(manifest.split(separator: "\n").count == 10)
        #expect(manifest.split(separator: "\n").allSatisfy { $0.contains("\"internal\"") })
    }

    @Test func evalMeasuresNothingByThem() throws {
        let folder = try TemporaryFolder()
        let path = try overflowing(Shipped.classifier, in: folder)
        let data = folder.file("data")
        for label in ["Ankle boot", "Bag"] {
            try FileManager.default.createDirectory(atPath: data + "/" + label, withIntermediateDirectories: true)
            try FileManager.default.copyItem(atPath: Shipped.sample, toPath: data + "/" + label + "/a.png")
        }
        let run = try CommandLineRunner("eval", "--model", path, "--data", data, "--json")
        #expect(run.code == 2 && run.output.isEmpty, "\(run.output)")
        for label in ["Ankle boot", "Bag"] { #expect(run.errors.contains("\(data)/\(label)/a.png: internal")) }
        let sound = try CommandLineRunner("eval", "--model", Shipped.classifier, "--data", data, "--json")
        #expect(sound.code == 0 && sound.objects.first?["images"] as? Int == 2)
    }
}
