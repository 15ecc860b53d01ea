import Foundation
import Testing
import UnmaskGraph
import UnmaskWeights

/// `unmask export`: what it writes, verifies and leaves behind.
@Suite struct ExportCommandTests {
    private let fashion = "/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz"

    @Test(
        "what is written computes what the model does",
        arguments: [
            ["--opset", "11"], ["--target", "onnxruntime"], ["--target", "opencv"], ["--precision", "fp16"],
            ["--preprocess"], ["--preprocess", "--source-size", "28", "--target", "tflite-converter"],
        ])
    func verified(options: [String]) throws {
        let folder = try TemporaryFolder()
        let run = try CommandLineRunner(
            list: ["export", Shipped.classifier, "-o", folder.file("m.onnx"), "--verify", Shipped.samples] + options)
        #expect(run.code == 0, "\(run.errors)")
        #expect(folder.contents == ["m.onnx"])
        let report = try #require(run.objects.first)
        #expect(report["passed"] as? Bool == true)
        #expect(report["images"] as? Int == 10)
        let backends = try #require(report["backends"] as? [[String: Any]])
        let outputs = try #require(backends.first?["outputs"] as? [[String: Any]])
        #expect(outputs.first?["top1_agreement"] as? Double == 1)
    }

    @Test func anAutoencodersPredictionAndMaskAreVerified() throws {
        let folder = try TemporaryFolder()
        let run = try CommandLineRunner(
            "export", Shipped.autoencoder, "-o", folder.file("m.onnx"), "--part", "mae", "--verify", Shipped.samples,
            "--report", folder.file("report.json"), "--external-data")
        #expect(run.code == 0, "\(run.errors)")
        #expect(folder.contents == ["m.onnx", "m.onnx.data", "report.json"])
        let backends = try #require(run.objects.first?["backends"] as? [[String: Any]])
        let outputs = try #require(backends.first?["outputs"] as? [[String: Any]])
        #expect(outputs.compactMap { $0["name"] as? String } == ["mask", "prediction"])
    }

    @Test func quantisedModelsAreCalibratedAndMeasured() throws {
        let folder = try TemporaryFolder()
        let run = try CommandLineRunner(
            "export", Shipped.classifier, "-o", folder.file("m.onnx"), "--precision", "int8", "--calibrate",
            Shipped.samples, "--verify", fashion, "--verify-images", "100")
        #expect(run.code == 0, "\(run.errors)")
        #expect(run.objects.first?["top1"] as? Double ?? 0 > 0.85)
        let size = try FileManager.default.attributesOfItem(atPath: folder.file("m.onnx"))[.size] as? Int
        #expect(size ?? 0 < 1_700_000)
    }

    /// The classifier with one hidden layer 30,000 times as large, and the next as much smaller.
    @Test func whatFloat16DoesNotHoldStaysFloat32() throws {
        let folder = try TemporaryFolder()
        let file = try TensorFile(path: Shipped.classifier)
        var table = TensorTable()
        let factor: Float = 30_000
        for (name, tensor) in try file.tensors() {
            var numbers = try #require(tensor.floats())
            if name.hasPrefix("blocks.1.mlp.fc1.") { numbers = numbers.map { $0 * factor } }
            if name == "blocks.1.mlp.fc2.weight" { numbers = numbers.map { $0 / factor } }
            _ = table.append(name, Tensor(numbers, shape: tensor.shape))
        }
        let metadata = file.metadata.filter { !["hash", "golden"].contains($0.key) }
        try SafetensorsWriter.write(table, metadata: metadata, storage: nil, to: folder.file("large.safetensors"))
        let options = ["export", folder.file("large.safetensors"), "-o", folder.file("m.onnx"), "--precision", "fp16"]
        let run = try CommandLineRunner(list: options + ["--verify", Shipped.samples])
        #expect(run.code == 0, "\(run.errors)")
        #expect(run.errors.contains("blocks.1.mlp.fc1 reaches"))
        #expect(!run.errors.contains("blocks.0.mlp.fc1 reaches"))
        #expect(run.objects.first?["passed"] as? Bool == true)
    }

    /// A Python whose onnxruntime answers with zeros.
    @Test func whatDoesNotPassIsNotWritten() throws {
        let folder = try TemporaryFolder()
        let zeros = try NPYWriter(path: folder.file("zeros.npy"), type: .f32, rowShape: [10])
        try zeros.append([Float](repeating: 0, count: 80))
        try zeros.finish()
        let python = try folder.write(
            "python", "#!/bin/sh\n[ $# = 2 ] && echo 0.0 || cp '\(folder.file("zeros.npy"))' \"$4/0.logits.npy\"\n".utf8
        )
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: python)
        let run = try CommandLineRunner(
            "export", Shipped.classifier, "-o", folder.file("m.onnx"), "--verify", Shipped.samples, "--verify-images",
            "8", "--python", python)
        #expect(run.code == 2)
        #expect(run.errors.contains("onnxruntime 0.0: logits differs"))
        #expect(run.objects.first?["passed"] as? Bool == false)
        #expect(folder.contents == ["python", "zeros.npy"])
    }

    @Test func wrongChoicesAreRefusedByName() throws {
        let folder = try TemporaryFolder()
        let out = folder.file("m.onnx")
        for (options, message) in [
            (["--opset", "10"], "--opset 10"), (["--precision", "int8"], "--calibrate"),
            (["--part", "mae"], "no decoder"), (["--batch", "0"], "--batch"),
            (["--source-size", "28"], "--preprocess"), (["--calibrate", Shipped.samples], "--precision int8"),
            (["--target", "openvino", "--preprocess"], "--source-size"),
            (["--preprocess", "--opset", "17"], "opset 18"), (["--verify", "/nowhere"], "/nowhere"),
        ] {
            let run = try CommandLineRunner(list: ["export", Shipped.classifier, "-o", out] + options)
            #expect(run.code == 2 && run.errors.contains(message), "\(options): \(run.errors)")
        }
        #expect(try CommandLineRunner("export", Shipped.classifier, "-o", "/nowhere/m.onnx").code == 2)
        #expect(folder.contents == [])
    }
}
