import Foundation
import Testing
import UnmaskModel
import UnmaskWeights

/// From labelled images to a head, and to its answers.
@Suite struct FitCommandTests {
    private static func run(
        _ arguments: String..., cache: TemporaryFolder? = nil
    ) throws -> CommandLineRunner {
        try CommandLineRunner(
            list: arguments, environment: ["UNMASK_CACHE": cache.map { $0.file("cache") } ?? ""])
    }

    @Test("the same images, seed and model give the same bytes, and vectors are computed once")
    func fitsTheSameTwice() throws {
        let folder = try TemporaryFolder()
        let data = try FashionImages.file(0..<400, in: folder)
        let test = try FashionImages.file(400..<600, in: folder, "e")
        for index in 0..<2 {
            let run = try Self.run(
                "fit", "linear", "--model", Shipped.autoencoder, "--pooling", "mean", "--data", data, "--test", test,
                "-o", folder.file("head\(index)"), "--json", "--folds", "3", "--strength", "0.01,1", "--unknown",
                "0.05",
                cache: folder)
            #expect(run.code == 0, "\(run.errors)")
            let report = try #require(run.objects.first)
            #expect(report["images"] as? Int == 400 && report["kept_features"] as? Int == (index == 0 ? 0 : 400))
            let measured = try #require(report["test"] as? [String: Any])
            #expect(measured["top1"] as? Double ?? 0 > 0.7, "\(measured)")
            #expect(report["unknown_below"] as? Double ?? 0 > 0)
        }
        #expect(FileManager.default.contentsEqual(atPath: folder.file("head0"), andPath: folder.file("head1")))
        let eval = try Self.run(
            "eval", "--model", Shipped.autoencoder, "--head", folder.file("head0"), "--data", test, "--json",
            "--predictions", folder.file("p.csv"), cache: folder)
        #expect(eval.code == 0 && eval.objects.first?["top1"] as? Double ?? 0 > 0.7, "\(eval.errors)")
        let rows = try String(contentsOfFile: folder.file("p.csv"), encoding: .utf8).split(separator: "\n")
        #expect(rows.count == 201 && rows[0] == "path,expected,answer,score,unknown")
    }

    @Test("killed in the middle, the next fit goes on with what is there, to the same bytes")
    func goesOnWhereItWasKilled() throws {
        let folder = try TemporaryFolder()
        let data = try FashionImages.file(0..<2000, in: folder)
        let arguments = [
            "fit", "knn", "--model", Shipped.autoencoder, "--pooling", "mean", "--data", data, "--json", "--threads",
            "1",
        ]
        let process = Process()
        process.executableURL = CommandLineRunner.binary
        process.arguments = arguments + ["-o", folder.file("never")]
        process.environment = CommandLineRunner.environment.merging(["UNMASK_CACHE": folder.file("cache")]) { $1 }
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        let features = folder.file("cache/features")
        func size() -> Int {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: features)) ?? []
            let path = names.first.map { features + "/" + $0 } ?? ""
            return (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
        }
        while size() < 100_000, process.isRunning { usleep(1000) }
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        #expect(!FileManager.default.fileExists(atPath: folder.file("never")))
        let resumed = try Self.run(list: arguments + ["-o", folder.file("resumed")], cache: folder)
        let kept = resumed.objects.first?["kept_features"] as? Int ?? 0
        #expect(resumed.code == 0 && kept > 100 && kept < 2000, "\(kept) \(resumed.errors)")
        let other = try TemporaryFolder()
        let whole = try Self.run(list: arguments + ["-o", folder.file("whole")], cache: other)
        #expect(whole.code == 0 && whole.objects.first?["kept_features"] as? Int == 0)
        #expect(FileManager.default.contentsEqual(atPath: folder.file("resumed"), andPath: folder.file("whole")))
    }

    @Test("attached to the model, a head gives the answers that it gives beside it")
    func attaches() throws {
        let folder = try TemporaryFolder()
        let data = try FashionImages.file(0..<300, in: folder)
        let (head, model) = (folder.file("head"), folder.file("with-head.safetensors"))
        #expect(
            try Self.run(
                "fit", "linear", "--model", Shipped.autoencoder, "--pooling", "mean", "--data", data, "-o", head,
                "--strength", "0.1,1", "--folds", "3"
            ).code == 0)
        #expect(try Self.run("convert", Shipped.autoencoder, model, "--head", head).code == 0)
        let beside = try Self.run("classify", Shipped.samples, "--model", Shipped.autoencoder, "--head", head)
        let within = try Self.run("classify", Shipped.samples, "--model", model)
        #expect(beside.code == 0 && within.code == 0 && beside.objects.count > 5, "\(beside.errors)\(within.errors)")
        for (a, b) in zip(beside.objects, within.objects) {
            let (a, b) = (a["labels"] as? [[String: Any]] ?? [], b["labels"] as? [[String: Any]] ?? [])
            #expect(a.map { $0["label"] as? String } == b.map { $0["label"] as? String })
            for (x, y) in zip(a, b) {
                let (x, y) = (x["probability"] as? Double ?? -1, y["probability"] as? Double ?? -2)
                #expect(abs(x - y) < 1e-4)
            }
        }
        let wrong = try Self.run("classify", Shipped.sample, "--model", Shipped.classifier, "--head", head)
        #expect(wrong.code == 2 && wrong.errors.contains("fitted on other vectors"), "\(wrong.errors)")
        let nearest = folder.file("nearest")
        #expect(
            try Self.run(
                "fit", "knn", "--model", Shipped.autoencoder, "--pooling", "mean", "--data", data, "-o", nearest
            ).code == 0)
        let refused = try Self.run("convert", Shipped.autoencoder, folder.file("x.safetensors"), "--head", nearest)
        #expect(refused.code == 2 && refused.errors.contains("kind knn"), "\(refused.errors)")
    }

    @Test("lists of labels and of quantities, with the split that they say")
    func lists() throws {
        let folder = try TemporaryFolder()
        let names = try FileManager.default.contentsOfDirectory(atPath: Shipped.samples).filter { $0.hasSuffix(".png") }
            .sorted()
        for name in names {
            try FileManager.default.copyItem(atPath: Shipped.samples + "/" + name, toPath: folder.file(name))
        }
        var lines = ["path,labels,weight,split"]
        for (index, name) in names.enumerated() {
            lines.append("\(name),\(index % 2 == 0 ? "even;small" : "odd"),\(index).5,\(index < 2 ? "test" : "train")")
        }
        let list = try folder.write("list.csv", lines.joined(separator: "\n").utf8)
        let tag = try Self.run(
            "fit", "tag", "--model", Shipped.autoencoder, "--data", list, "-o", folder.file("tag"), "--json",
            "--strength", "1,10", "--folds", "2")
        #expect(tag.code == 0, "\(tag.errors)")
        #expect(tag.objects.first?["outputs"] as? Int == 3)
        let answers = try Self.run(
            "classify", folder.file(names[0]), "--model", Shipped.autoencoder, "--head", folder.file("tag"),
            "--threshold", "0")
        #expect((answers.objects.first?["labels"] as? [[String: Any]])?.count == 3, "\(answers.errors)")
        let regress = try Self.run(
            "fit", "regress", "--model", Shipped.autoencoder, "--data", list, "--value", "weight", "-o",
            folder.file("weight"), "--json")
        #expect(regress.code == 0, "\(regress.errors)")
        let value = try Self.run(
            "classify", folder.file(names[3]), "--model", Shipped.autoencoder, "--head", folder.file("weight"))
        let label = try #require((value.objects.first?["labels"] as? [[String: Any]])?.first)
        #expect(label["label"] as? String == "weight" && label["value"] is Double && label["probability"] == nil)
        let linear = try Self.run(
            "fit", "linear", "--model", Shipped.autoencoder, "--data", list, "-o", folder.file("x"))
        #expect(linear.code == 2 && linear.errors.contains("tag takes any number"), "\(linear.errors)")
    }

    @Test("bad data is named: unreadable files, classes without or with one image, the same image in both sets")
    func badData() throws {
        let folder = try TemporaryFolder()
        func add(_ sample: String, _ label: String, _ name: String, set: String = "data") throws {
            let path = folder.file(set) + "/" + label
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            try FileManager.default.copyItem(atPath: Shipped.samples + "/\(sample).png", toPath: path + "/\(name).png")
        }
        try add("bag", "bag", "a")
        try add("dress", "dress", "a")
        try FileManager.default.createDirectory(atPath: folder.file("data/empty"), withIntermediateDirectories: true)
        try Data("no image".utf8).write(to: URL(fileURLWithPath: folder.file("data/bag/b.png")))
        try add("bag", "bag", "other name", set: "test")
        let arguments = [
            "fit", "linear", "--model", Shipped.autoencoder, "--data", folder.file("data"), "--test",
            folder.file("test"),
            "-o", folder.file("head"), "--json",
        ]
        let refused = try Self.run(list: arguments, cache: nil)
        #expect(refused.code == 2 && refused.errors.contains("1 of 3 images have no vector"), "\(refused.errors)")
        #expect(refused.errors.contains("bag/b.png") && refused.errors.contains("empty (no image in it)"))
        let allowed = try Self.run(list: arguments + ["--allow-unreadable", "0.5"], cache: nil)
        #expect(allowed.code == 1 && allowed.objects.first?["images"] as? Int == 2, "\(allowed.errors)")
        #expect(allowed.errors.contains("1 images that are measured with are also fitted on"))
    }

    private static func run(list: [String], cache: TemporaryFolder?) throws -> CommandLineRunner {
        try CommandLineRunner(list: list, environment: ["UNMASK_CACHE": cache.map { $0.file("cache") } ?? ""])
    }
}
