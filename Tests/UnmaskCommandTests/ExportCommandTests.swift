import Foundation
import Testing
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
            (["--source-size", "28"], "--preprocess"),
            (["--preprocess", "--opset", "17"], "opset 18"), (["--verify", "/nowhere"], "/nowhere"),
        ] {
            let run = try CommandLineRunner(list: ["export", Shipped.classifier, "-o", out] + options)
            #expect(run.code == 2 && run.errors.contains(message), "\(options): \(run.errors)")
        }
        #expect(try CommandLineRunner("export", Shipped.classifier, "-o", "/nowhere/m.onnx").code == 2)
        #expect(folder.contents == [])
    }
}
