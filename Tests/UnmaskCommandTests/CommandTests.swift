import Foundation
import Testing
import UnmaskGraph
import UnmaskImage
import UnmaskModel
import UnmaskWeights

/// Every command on the shipped models, as the command line's contract has it.
@Suite struct CommandTests {
    @Test func embedPrintsOneLineForEachImageInOrder() throws {
        let run = try CommandLineRunner("embed", Shipped.samples, "--model", Shipped.autoencoder, "--normalize")
        #expect(run.code == 0)
        let paths = run.objects.compactMap { $0["path"] as? String }
        #expect(paths.count == 10)
        #expect(paths == paths.sorted())
        for object in run.objects {
            let vector = try #require(object["embedding"] as? [Double])
            let stamp = try #require(object["stamp"] as? [String: Any])
            #expect(abs(vector.reduce(0) { $0 + $1 * $1 } - 1) < 1e-5)
            #expect(stamp["dimension"] as? Int == vector.count)
            #expect(stamp["tokens"] as? Int == 49)
            #expect((stamp["model"] as? String)?.count == 64)
        }
    }

    @Test func embedReadsAListAndWritesNumPyWithAManifest() throws {
        let folder = try TemporaryFolder()
        let broken = try folder.write("broken.png", [])
        let run = try CommandLineRunner(
            "embed", "-", "--model", Shipped.autoencoder, "--pooling", "mean", "--dimensions", "16", "--out",
            folder.file("v.npy"), "--batch", "2", input: "\(Shipped.sample)\n\(broken)\n\(Shipped.sample)\n")
        #expect(run.code == 1)
        #expect(run.errorTypes.count == 1)
        let array = try NPYFile(path: folder.file("v.npy")).tensor
        #expect(array.shape == [2, 16])
        let floats = try #require(array.floats())
        #expect(Array(floats[..<16]) == Array(floats[16...]))
        let manifest = try String(contentsOfFile: folder.file("v.manifest.jsonl"), encoding: .utf8)
        let lines = manifest.split(separator: "\n")
        #expect(lines.count == 3)
        #expect(lines[0].contains("\"row\":0") && lines[1].contains("\"error\"") && lines[2].contains("\"row\":1"))
    }

    @Test func tokenBudgetsCostLessAndSaySo() throws {
        let run = try CommandLineRunner(
            "embed", Shipped.sample, "--model", Shipped.autoencoder, "--pooling", "tokens", "--keep", "0.25", "--seed",
            "7")
        let rows = try #require(run.objects.first?["embedding"] as? [[Double]])
        #expect(rows.count == 12)
        let ids = try CommandLineRunner(
            "embed", Shipped.sample, "--model", Shipped.autoencoder, "--pooling", "tokens", "--keep", "3,1,4")
        #expect((ids.objects.first?["embedding"] as? [[Double]])?.count == 3)
    }

    @Test func classifyNamesTheSamples() throws {
        let run = try CommandLineRunner("classify", Shipped.samples, "--model", Shipped.classifier, "--top-k", "3")
        #expect(run.code == 0)
        var right = 0
        for object in run.objects {
            let labels = try #require(object["labels"] as? [[String: Any]])
            #expect(labels.count == 3)
            let probabilities = labels.compactMap { $0["probability"] as? Double }
            #expect(probabilities == probabilities.sorted(by: >))
            let name = URL(fileURLWithPath: try #require(object["path"] as? String)).deletingPathExtension()
                .lastPathComponent
            let best = try #require(labels[0]["label"] as? String).lowercased()
            right += best.replacing(" ", with: "-").replacing("/", with: "-") == name ? 1 : 0
        }
        #expect(right >= 9)
    }

    @Test func reconstructWritesFourPicturesAndTheRawPrediction() throws {
        let folder = try TemporaryFolder()
        let run = try CommandLineRunner(
            "reconstruct", Shipped.sample, "--model", Shipped.autoencoder, "-o", folder.file("out.png"), "--ratio",
            "0.75", "--seed", "7", "--npy", folder.file("p.npy"))
        #expect(run.code == 0)
        #expect(run.objects.first?["kept"] as? Int == 12)
        #expect(run.objects.first?["patch_statistics"] as? Bool == false)
        #expect(try NPYFile(path: folder.file("p.npy")).tensor.shape == [49, 16])
        let size = try PNGSize.ofPNG(folder.file("out.png"))
        // A strip of names stands above the pictures.
        #expect(size.height > 224 && size.width > 4 * 224)
        #expect(folder.contents == ["out.png", "p.npy"])
        let pattern = try CommandLineRunner(
            "reconstruct", Shipped.sample, "--model", Shipped.autoencoder, "-o", folder.file("grid.png"), "--pattern",
            "grid")
        #expect(pattern.objects.first?["kept"] as? Int == 16)
    }

    @Test func preprocessWritesTheRecipesPixels() throws {
        let folder = try TemporaryFolder()
        let run = try CommandLineRunner(
            "preprocess", Shipped.sample, "--recipe", "mae", "--size", "32", "--out", folder.file("p.npy"))
        #expect(run.code == 0)
        let array = try NPYFile(path: folder.file("p.npy")).tensor
        #expect(array.shape == [32, 32, 3])
        #expect(array.type == .u8)
    }

    @Test("convert keeps what a model computes", arguments: ["tiny-hf-mae", "tiny-timm-token", "tiny-hf-mae-sharded"])
    func convert(name: String) throws {
        let folder = try TemporaryFolder()
        let source = Shipped.checkpoints + "/" + name
        let run = try CommandLineRunner("convert", source, folder.file("own.safetensors"), "--licence", "CC0-1.0")
        #expect(run.code == 0)
        let original = try Model.load(source)
        let own = try Model.load(folder.file("own.safetensors"))
        #expect(try own.hash == original.hash)
        #expect(own.configuration == original.configuration)
        #expect(own.recipe == original.recipe)
        #expect(own.licence == "CC0-1.0")
        #expect(try session(own).vector == session(original).vector)
        for type in ["f16", "bf16"] {
            let half = try CommandLineRunner("convert", source, folder.file("half.safetensors"), "--dtype", type)
            #expect(half.code == 0)
            let model = try Model.load(folder.file("half.safetensors"))
            #expect(model.storage.first?.rawValue == type)
            #expect(model.storedBytes * 2 == original.storedBytes)
            #expect(try model.hash != original.hash)
            let exact = try session(original).vector
            let rounded = try session(model).vector
            let error = zip(exact, rounded).map { abs($0 - $1) }.max() ?? 1
            #expect(error < (type == "f16" ? 0.02 : 0.15) * (exact.map(abs).max() ?? 0))
        }
        #expect(folder.contents == ["half.safetensors", "own.safetensors"])
    }

    private func session(_ model: Model) throws -> (vector: [Float], session: ModelSession) {
        let session = try ModelSession(model)
        let c = model.interface
        let count = c.imageSize[0] * c.imageSize[1] * c.channels
        let image = PixelImage(
            width: c.imageSize[1], height: c.imageSize[0], channels: c.channels,
            pixels: (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 97 >> 2) })
        return (try session.embed([image])[0].values, session)
    }

    @Test func inspectShowsThePlan() throws {
        let run = try CommandLineRunner("inspect", Shipped.classifier, "--json")
        #expect(run.code == 0)
        let report = try #require(run.objects.first)
        let steps = try #require(report["steps"] as? [[String: Any]])
        let kinds = steps.compactMap { $0["kind"] as? String }
        #expect(kinds.filter { $0 == "layerNorm + linear + bias + gelu (erf)" }.count == 6)
        #expect(kinds.filter { $0 == "linear + bias + residual" }.count == 12)
        #expect(kinds.filter { $0 == "attention" }.count == 6)
        #expect(report["parameters"] as? Int ?? 0 > 1_000_000)
        #expect(try CommandLineRunner("inspect", Shipped.autoencoder).output.contains("decoder"))
    }

    @Test func evalMeasuresLabelledFolders() throws {
        let folder = try TemporaryFolder()
        for (name, label) in [("ankle-boot", "Ankle boot"), ("bag", "Bag"), ("dress", "Dress")] {
            try FileManager.default.createDirectory(atPath: folder.file(label), withIntermediateDirectories: true)
            try FileManager.default.copyItem(
                atPath: Shipped.samples + "/\(name).png", toPath: folder.file(label) + "/a.png")
        }
        let run = try CommandLineRunner("eval", "--model", Shipped.classifier, "--data", folder.path, "--json")
        #expect(run.code == 0)
        #expect(run.objects.first?["images"] as? Int == 3)
        #expect(run.objects.first?["top1"] as? Double ?? 0 > 0.6)
    }

    @Test func benchNeedsNoFile() throws {
        let run = try CommandLineRunner(
            "bench", "--arch", "vit-ti/16", "--rounds", "2", "--keep", "0.25", "--json", "--batch", "1")
        #expect(run.code == 0)
        #expect(run.objects.first?["tokens"] as? Int == 50)
        #expect(run.objects.first?["images_per_s"] as? Double ?? 0 > 0)
    }

    @Test(
        "every command explains itself",
        arguments: [
            "embed", "classify", "reconstruct", "preprocess", "convert", "export", "inspect", "eval", "bench", "serve",
        ])
    func help(command: String) throws {
        let run = try CommandLineRunner(command, "--help")
        #expect(run.code == 0)
        #expect(run.output.contains("OVERVIEW:"))
    }

    /// The shipped classifier in int8: a quarter of the size, what it costs is told, and the file answers alike.
    @Test func quantizeWritesWhatItReports() throws {
        let folder = try TemporaryFolder()
        let file = folder.file("int8.safetensors")
        let run = try CommandLineRunner(
            "quantize", Shipped.classifier, "--calibrate", Shipped.samples, "--out", file, "--json")
        #expect(run.code == 0, "\(run.errors)")
        let report = try #require(run.objects.first)
        let before = try #require(report["bytes_before"] as? Int)
        let after = try #require(report["bytes"] as? Int)
        #expect(Double(after) < 0.4 * Double(before))
        let answers = try #require(report["answers"] as? [[String: Any]])
        #expect(answers.count >= 2)
        for answer in answers { #expect(try #require(answer["least_cosine"] as? Double) > 0.99) }
        #expect((report["verdict"] as? String)?.contains("recommended") == true)
        let inspected = try #require(
            try CommandLineRunner("inspect", file, "--json").objects.first?["storage"] as? String)
        #expect(inspected.hasPrefix("i8"))
        let graph = try CommandLineRunner("quantize", Shipped.sample)
        #expect(graph.code == 2)
    }
}

/// A PNG's size from its header.
enum PNGSize {
    static func ofPNG(_ path: String) throws -> (width: Int, height: Int) {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        func number(_ at: Int) -> Int { bytes[at..<at + 4].reduce(0) { $0 << 8 | Int($1) } }
        return (number(16), number(20))
    }
}
