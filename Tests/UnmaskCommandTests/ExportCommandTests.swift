import Foundation
import Testing
import UnmaskGraph
import UnmaskImage
import UnmaskModel
import UnmaskWeights

/// `unmask export`: what it writes, verifies and leaves behind.
@Suite struct ExportCommandTests {
    private let fashion = "/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz"

    @Test("a classifier gives probabilities where it is asked to, and its labels lie beside it")
    func softmax() throws {
        let folder = try TemporaryFolder()
        let file = folder.file("m.onnx")
        let run = try CommandLineRunner(
            list: ["export", Shipped.classifier, "-o", file, "--softmax", "--verify", Shipped.samples])
        #expect(run.code == 0, "\(run.errors)")
        func answers(_ model: String) throws -> [[String: Double]] {
            let run = try CommandLineRunner(list: ["classify", Shipped.samples, "--model", model, "--top-k", "10"])
            return try run.objects.map { answer in
                let labels = try #require(answer["labels"] as? [[String: Any]])
                return try Dictionary(
                    uniqueKeysWithValues: labels.map {
                        (try #require($0["label"] as? String), try #require($0["probability"] as? Double))
                    })
            }
        }
        let (exported, own) = (try answers(file), try answers(Shipped.classifier))
        #expect(exported.count == own.count)
        for (found, expected) in zip(exported, own) {
            #expect(found.count == 10)
            for (label, probability) in expected { #expect(abs((found[label] ?? 9) - probability) < 1e-5) }
        }
        let labels = try String(contentsOfFile: folder.file("m.labels.txt"), encoding: .utf8)
        #expect(labels.split(separator: "\n").count == 10)
        for (arguments, word) in [
            (["--part", "encoder"], "--part classifier"), (["--pooling", "mean"], "an encoder's"),
        ] {
            let refused = try CommandLineRunner(
                list: ["export", Shipped.classifier, "-o", file, "--softmax"] + arguments)
            #expect(refused.code != 0 && refused.errors.contains(word), "\(refused.errors)")
        }
        let headless = try CommandLineRunner(list: ["export", Shipped.autoencoder, "-o", file, "--softmax"])
        #expect(headless.code != 0 && headless.errors.contains("no head"), "\(headless.errors)")
    }

    @Test(
        "what is written computes what the model does",
        arguments: [
            ["--opset", "11"], ["--target", "onnxruntime"], ["--target", "opencv"], ["--precision", "fp16"],
            ["--preprocess"], ["--preprocess", "--source-size", "28", "--target", "litert"],
        ])
    func verified(options: [String]) throws {
        let folder = try TemporaryFolder()
        let run = try CommandLineRunner(
            list: ["export", Shipped.classifier, "-o", folder.file("m.onnx"), "--verify", Shipped.samples] + options)
        #expect(run.code == 0, "\(run.errors)")
        #expect(folder.contents == ["m.labels.txt", "m.onnx"])
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

    @Test(
        "what is written for OpenVINO computes the same there, in float32 and as it comes",
        .enabled(if: openVINO != nil, "no Python with openvino: make venv, or UNMASK_PYTHON=path"),
        arguments: [
            [], ["--precision", "fp16"], ["--opset", "18"], ["--preprocess", "--source-size", "28"],
        ])
    func verifiedInOpenVINO(options: [String]) throws {
        let folder = try TemporaryFolder()
        let run = try CommandLineRunner(
            list: [
                "export", Shipped.classifier, "-o", folder.file("m.onnx"), "--target", "openvino", "--verify",
                Shipped.samples, "--python", try #require(Self.openVINO),
            ] + options)
        #expect(run.code == 0, "\(run.errors)")
        #expect(folder.contents == ["m.labels.txt", "m.onnx"])
        let report = try #require(run.objects.first)
        #expect(report["passed"] as? Bool == true)
        let backends = try #require(report["backends"] as? [[String: Any]])
        for name in ["OpenVINO f32", "OpenVINO as it comes"] {
            let backend = backends.first { ($0["name"] as? String)?.hasPrefix(name) == true }
            let outputs = try #require(backend?["outputs"] as? [[String: Any]], "\(backends)")
            #expect(outputs.first?["top1_agreement"] as? Double == 1)
        }
    }

    /// A Python that has OpenVINO: the one that is named, or that `make venv` makes.
    private static let openVINO: String? = {
        let python = ProcessInfo.processInfo.environment["UNMASK_PYTHON"] ?? Shipped.root + "/build/venv/bin/python"
        let run = try? CommandLineRunner(
            list: ["-c", "import numpy, openvino"], executable: URL(fileURLWithPath: python))
        return run?.code == 0 ? python : nil
    }()

    /// Pictures of sides of their own, of which the recipe takes all or the middle: a step of brightness here and there.
    @Test(
        "pictures of any size are prepared inside the file as they are outside",
        arguments: [
            [Shipped.classifier], [Shipped.checkpoints + "/tiny-hf-vit", "--recipe", "timm"],
            [Shipped.checkpoints + "/tiny-timm-token", "--recipe", "squash"],
        ])
    func preparedInside(model: [String]) throws {
        let folder = try TemporaryFolder()
        let channels = model[0] == Shipped.classifier ? 1 : 3
        for (width, height) in [(61, 40), (33, 57), (90, 31)] {
            try GoldenImage.pattern(width: width, height: height, channels: channels).writePNG(
                to: folder.file("\(width).png"))
        }
        let run = try CommandLineRunner(
            list: ["export"] + model + ["-o", folder.file("m.onnx"), "--preprocess", "--verify", folder.path])
        #expect(run.code == 0, "\(run.errors)")
        let backends = try #require(run.objects.first?["backends"] as? [[String: Any]])
        let outputs = try #require(backends.first?["outputs"] as? [[String: Any]])
        #expect(outputs.first?["relative"] as? Double ?? 1 < 0.02, "\(outputs)")
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
            (["--target", "openvino", "--preprocess"], "--source-size"), (["--keep", "4"], "--part mae"),
            (["--input", "f32"], "--preprocess"), (["--target", "tflite-converter"], "litert"),
            (["--target", "mnn", "--precision", "fp16"], "--convert"), (["--convert"], "--verify"),
            (["--target", "mnn", "--precision", "int8", "--calibrate", Shipped.samples], "int8-weights"),
            (["--target", "litert", "--precision", "int8", "--calibrate", Shipped.samples], "-odrqt"),
            (["--target", "tract", "--precision", "int8", "--calibrate", Shipped.samples], "slower"),
            (["--target", "ncnn", "--batch", "2"], "--batch 1"),
            (["--target", "opencv", "--batch", "dynamic"], "--batch 1"),
            (["--target", "ncnn", "--preprocess", "--source-size", "28", "--input", "u8"], "--input f32"),
            (["--preprocess", "--opset", "17"], "opset 18"), (["--verify", "/nowhere"], "/nowhere"),
        ] {
            let run = try CommandLineRunner(list: ["export", Shipped.classifier, "-o", out] + options)
            #expect(run.code == 2 && run.errors.contains(message), "\(options): \(run.errors)")
        }
        #expect(try CommandLineRunner("export", Shipped.classifier, "-o", "/nowhere/m.onnx").code == 2)
        for (target, message) in [("ncnn", "GatherElements"), ("mnn", "--keep"), ("litert", "--keep")] {
            let run = try CommandLineRunner(
                "export", Shipped.autoencoder, "-o", out, "--part", "mae", "--target", target)
            #expect(run.code == 2 && run.errors.contains(message), "\(target): \(run.errors)")
        }
        #expect(try CommandLineRunner("export", Shipped.classifier).errors.contains("--kit"))
        #expect(folder.contents == [])
    }

    @Test func everyTargetIsListedWithItsReasons() throws {
        let run = try CommandLineRunner("export", "--target", "list")
        #expect(run.code == 0)
        for target in [
            "onnxruntime", "onnxruntime-web", "openvino", "opencv", "tract", "mnn", "ncnn", "litert", "coreml-script",
            "tensorrt",
        ] { #expect(run.output.split(separator: "\n").contains(Substring(target)), "\(target)") }
        #expect(run.output.components(separatedBy: "  why  ").count == 11)
        #expect(run.output.components(separatedBy: "tried with").count == 11)
    }

    @Test(
        "the targets' own runtimes answer as the model does, of what their converters make",
        .enabled(if: edge != nil, "no build/venv-edge: make edge, or UNMASK_EDGE_PYTHON=path"),
        arguments: [
            ["mnn", "int8-weights", "mnn", "0.35"], ["ncnn", "fp16", "bin param", "0.55"],
            ["openvino", "fp32", "bin xml", "1.05"], ["opencv", "fp16", "", ""], ["tract", "fp16", "", ""],
            ["onnxruntime", "int4-weights", "", ""],
        ])
    func verifiedOnTheTarget(words: [String]) throws {
        let folder = try TemporaryFolder()
        let (target, precision, endings) = (words[0], words[1], words[2].split(separator: " ").map { "m.\($0)" })
        let run = try CommandLineRunner(
            list: [
                "export", Shipped.classifier, "-o", folder.file("m.onnx"), "--target", target, "--precision", precision,
                "--verify", Shipped.samples, "--python", try #require(Self.edge),
            ] + (endings.isEmpty ? [] : ["--convert"]))
        #expect(run.code == 0, "\(run.errors)")
        #expect(
            folder.contents
                == (endings + ["m.labels.txt", "m.onnx"] + (endings.isEmpty ? [] : ["m.report.json"])).sorted())
        // What the converter was told to round takes that much less than the float32 file.
        func size(_ names: [String]) throws -> Int {
            try names.map { try Data(contentsOf: URL(fileURLWithPath: folder.file($0))).count }.reduce(0, +)
        }
        if let most = Double(words[3]) { #expect(Double(try size(endings)) < most * Double(try size(["m.onnx"]))) }
        let backends = try #require(run.objects.first?["backends"] as? [[String: Any]])
        #expect(backends.count >= 2 && run.objects.first?["untried"] == nil)
        for backend in backends.dropFirst() { #expect(backend["milliseconds"] as? Double ?? 0 > 0, "\(backend)") }
    }

    /// A Python that has the targets' runtimes: the one that is named, or that `make edge` makes.
    private static let edge: String? = {
        let python =
            ProcessInfo.processInfo.environment["UNMASK_EDGE_PYTHON"] ?? Shipped.root + "/build/venv-edge/bin/python"
        let run = try? CommandLineRunner(
            list: ["-c", "import numpy, onnxruntime, ncnn, MNN, cv2, PIL"], executable: URL(fileURLWithPath: python))
        return run?.code == 0 ? python : nil
    }()

    @Test(
        "a kit's own programs come to the answer that is expected",
        arguments: [[], ["--preprocess", "--source-size", "30x40"], ["--part", "encoder", "--layout", "nhwc"]])
    func kit(options: [String]) throws {
        let folder = try TemporaryFolder()
        let kit = folder.file("kit")
        let run = try CommandLineRunner(list: ["export", Shipped.classifier, "--kit", kit] + options)
        #expect(run.code == 0, "\(run.errors)")
        let files = try FileManager.default.contentsOfDirectory(atPath: kit)
        let labels = options.contains("encoder") ? [] : ["labels.txt"]
        #expect(
            Set(files)
                == Set(
                    [
                        "expected.json", "expected.txt", "golden.png", "golden.ppm", "model.onnx", "preprocessing.json",
                        "run.cpp",
                        "run.mjs", "run.py",
                    ] + labels))
        let again = try CommandLineRunner(list: ["export", Shipped.classifier, "--kit", kit] + options)
        #expect(again.code == 2 && again.errors.contains("--kit"))
        #expect(folder.contents == ["kit"])
        guard let python = Self.edge else { return }
        func program() throws -> CommandLineRunner {
            try CommandLineRunner(list: [kit + "/run.py"], executable: URL(fileURLWithPath: python))
        }
        let right = try program()
        #expect(right.code == 0 && right.output.contains("cosine 1.000000"), "\(right.errors)")
        // Another picture is another answer.
        let picture = GoldenImage.pattern(width: 40, height: 30, channels: 1)
        try PixelImage(width: 40, height: 30, channels: 1, pixels: picture.pixels.reversed().map { 255 - $0 }).writePNG(
            to: kit + "/golden.png")
        #expect(try program().code == 1)
    }

    @Test func autoencodersHaveNoKit() throws {
        let folder = try TemporaryFolder()
        let run = try CommandLineRunner("export", Shipped.autoencoder, "--part", "mae", "--kit", folder.file("kit"))
        #expect(run.code == 2 && run.errors.contains("--part encoder"))
        #expect(folder.contents == [])
    }
}
