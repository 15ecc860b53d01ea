import Foundation
import Testing
import UnmaskHeads
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

    @Test(
        "attached to the model, a head gives the answers that it gives beside it",
        arguments: [
            ["linear", "--pooling", "mean", "--strength", "0.1,1", "--folds", "3"], ["classify", "--epochs", "20"],
            ["attentive", "--epochs", "20", "--queries", "4"],
        ])
    func attaches(_ arguments: [String]) throws {
        let folder = try TemporaryFolder()
        let data = try FashionImages.file(0..<300, in: folder)
        let (head, model) = (folder.file("head"), folder.file("with-head.safetensors"))
        let fitted = try Self.run(
            list: ["fit"] + arguments + ["--model", Shipped.autoencoder, "--data", data, "-o", head], cache: nil)
        #expect(fitted.code == 0, "\(fitted.errors)")
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
        // Embeddings are the backbone's own still.
        #expect(
            try Self.run("embed", Shipped.sample, "--model", model, "--pooling", "mean").objects.first?["embedding"]
                as? [Double]
                == Self.run("embed", Shipped.sample, "--model", Shipped.autoencoder, "--pooling", "mean").objects
                .first?[
                    "embedding"] as? [Double])
    }

    @Test("heads that do not belong to a model, or cannot be part of one, are refused")
    func doesNotAttach() throws {
        let folder = try TemporaryFolder()
        let data = try FashionImages.file(0..<100, in: folder)
        let head = folder.file("head")
        #expect(
            try Self.run(
                "fit", "classify", "--model", Shipped.autoencoder, "--data", data, "-o", head, "--epochs", "2"
            ).code == 0)
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

    @Test(
        "a head of tokens: the same bytes with and without kept tokens, measured, and refused with what is not its own")
    func attends() throws {
        let folder = try TemporaryFolder()
        let data = try FashionImages.file(0..<500, in: folder)
        let test = try FashionImages.file(500..<700, in: folder, "e")
        let arguments = [
            "fit", "classify", "--model", Shipped.autoencoder, "--data", data, "--test", test, "--json", "--unknown",
            "0.05", "--folds", "3",
        ]
        for (index, threads) in ["1", "2"].enumerated() {
            let run = try Self.run(
                list: arguments + ["-o", folder.file("head\(index)"), "--threads", threads], cache: folder)
            #expect(run.code == 0, "\(run.errors)")
            let report = try #require(run.objects.first)
            #expect(report["kind"] as? String == "ep" && report["kept_features"] as? Int == (index == 0 ? 0 : 500))
            #expect((report["test"] as? [String: Any])?["top1"] as? Double ?? 0 > 0.75, "\(report)")
            #expect(report["temperature"] as? Double != 1 && report["unknown_below"] as? Double ?? 0 > 0)
        }
        #expect(FileManager.default.contentsEqual(atPath: folder.file("head0"), andPath: folder.file("head1")))
        let eval = try Self.run(
            "eval", "--model", Shipped.autoencoder, "--head", folder.file("head0"), "--data", test, "--json",
            cache: folder)
        #expect(eval.objects.first?["top1"] as? Double ?? 0 > 0.75, "\(eval.errors)")
        for (more, word) in [
            (["--pooling", "mean"], "reads the patch tokens"), (["--queries", "5"], "divisor"),
            (["--rate", "x"], "positive numbers"), (["--epochs", "0"], "at least 1"),
        ] {
            let refused = try Self.run(list: arguments + ["-o", folder.file("no")] + more, cache: folder)
            #expect(refused.code != 0 && refused.errors.contains(word), "\(refused.errors)")
        }
        let linear = try Self.run(
            "fit", "linear", "--model", Shipped.autoencoder, "--data", data, "-o", folder.file("no"), "--queries", "4")
        #expect(linear.code != 0 && linear.errors.contains("only in ep, attentive"), "\(linear.errors)")
    }

    @Test("kept vectors count in the cache's size: the oldest go, and what has no room is said")
    func cacheSize() throws {
        let folder = try TemporaryFolder()
        let data = try FashionImages.file(0..<100, in: folder)
        func fit(_ pooling: String, _ size: Int) throws -> (run: CommandLineRunner, files: [String]) {
            let run = try Self.run(
                "fit", "linear", "--model", Shipped.autoencoder, "--pooling", pooling, "--data", data, "-o",
                folder.file("head"), "--strength", "1", "--json", "--cache-size", "\(size)", cache: folder)
            let files = try? FileManager.default.contentsOfDirectory(atPath: folder.file("cache/features"))
            return (run, files ?? [])
        }
        // 4,096 bytes and 100 records of 40 + 4 · 128; on the disk a little more.
        let first = try fit("mean", 70_000)
        #expect(first.run.code == 0 && first.files.count == 1 && !first.run.errors.contains("not kept"))
        let second = try fit("cls", 70_000)
        #expect(second.files.count == 1 && second.files != first.files, "\(second.run.errors)")
        let third = try fit("mean", 140_000)
        #expect(third.files.count == 2 && third.run.objects.first?["kept_features"] as? Int == 0)
        #expect(try fit("cls", 140_000).run.objects.first?["kept_features"] as? Int == 100)
        try FileManager.default.removeItem(atPath: folder.file("cache"))
        let none = try fit("mean", 1000)
        #expect(none.run.code == 0 && none.run.errors.contains("raise --cache-size"), "\(none.run.errors)")
        #expect(try fit("mean", 100_000).run.objects.first?["kept_features"] as? Int == 0)
    }

    @Test("attached to the model, a projection is the vector that it gives")
    func projects() throws {
        let folder = try TemporaryFolder()
        let (head, model) = (folder.file("head"), folder.file("projected.safetensors"))
        let fitted = try Self.run(
            "fit", "project", "--model", Shipped.autoencoder, "--pooling", "mean", "--data", Shipped.samples, "-o",
            head,
            "--dimensions", "4", "--whiten", "--json")
        #expect(fitted.code == 0 && fitted.objects.first?["outputs"] as? Int == 4, "\(fitted.errors)")
        #expect(try Self.run("convert", Shipped.autoencoder, model, "--head", head).code == 0)
        let beside = try Self.run(
            "classify", Shipped.samples, "--model", Shipped.autoencoder, "--head", head, "--top-k", "4")
        let within = try Self.run("embed", Shipped.samples, "--model", model)
        #expect(within.code == 0 && within.objects.count == 10, "\(within.errors)")
        var squares = [Double](repeating: 0, count: 4)
        for (a, b) in zip(beside.objects, within.objects) {
            let vector = try #require(b["embedding"] as? [Double])
            let values = try #require(a["labels"] as? [[String: Any]])
            for value in values {
                let index = try #require(value["index"] as? Int)
                #expect(abs((value["value"] as? Double ?? 99) - vector[index]) < 1e-3)
            }
            for index in vector.indices { squares[index] += vector[index] * vector[index] / 9 }
            #expect((b["stamp"] as? [String: Any])?["pooling"] as? String == "output")
        }
        for square in squares { #expect(abs(square - 1) < 1e-3, "whitened: \(squares)") }
        for (arguments, word) in [
            (["eval", "--head", head, "--data", Shipped.samples], "answers nothing"),
            (["fit", "project", "--data", Shipped.samples, "--hold-out", "0.5", "-o", "x"], "could be measured"),
            (["fit", "project", "--data", Shipped.samples, "--dimensions", "10", "-o", "x"], "1 to 9"),
            (["fit", "linear", "--data", Shipped.samples, "--whiten", "-o", "x"], "only in project"),
        ] {
            let refused = try Self.run(list: arguments + ["--model", Shipped.autoencoder], cache: nil)
            #expect(refused.code != 0 && refused.errors.contains(word), "\(refused.errors)")
        }
    }

    private static let ownOptions: [(parameter: FittingParameter, arguments: [String])] = [
        (.strength, ["--strength", "1"]), (.neighbours, ["--neighbours", "3"]), (.folds, ["--folds", "2"]),
        (.balanced, ["--balanced"]), (.unknown, ["--unknown", "0.1"]), (.queries, ["--queries", "4"]),
        (.epochs, ["--epochs", "2"]), (.rate, ["--rate", "0.1"]), (.dimensions, ["--dimensions", "4"]),
        (.whiten, ["--whiten"]), (.hidden, ["--hidden", "4"]), (.ignore, ["--ignore", "9"]),
        (.classes, ["--classes", "names.txt"]), (.falseAlarms, ["--false-alarms", "0.1"]),
        (.memory, ["--memory", "9"]), (.by, ["--by", "both"]), (.passes, ["--by", "both", "--passes", "4"]),
    ]

    @Test("what plays no part in a kind is refused with the kinds that read it", arguments: HeadKind.allCases)
    func unreadOptions(kind: HeadKind) throws {
        #expect(Set(Self.ownOptions.map(\.parameter)) == Set(FittingParameter.allCases))
        let common = [
            "fit", kind.rawValue, "--model", Shipped.autoencoder, "--data", "/nowhere", "-o", "x",
        ]
        let value = kind == .regress ? ["--value", "weight"] : []
        for (parameter, arguments) in Self.ownOptions {
            let answer = try Self.run(list: common + value + arguments, cache: nil)
            let isRefused = answer.errors.contains("\(arguments[0]): plays no part in \(kind.rawValue); only in")
            #expect(isRefused == !parameter.kinds.contains(kind), "\(arguments): \(answer.errors)")
            #expect(answer.code != 0)
        }
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
        #expect(refused.code == 2 && refused.errors.contains("1 of 3 images cannot be used"), "\(refused.errors)")
        #expect(refused.errors.contains("bag/b.png") && refused.errors.contains("empty (no image in it)"))
        let allowed = try Self.run(list: arguments + ["--allow-unreadable", "0.5"], cache: nil)
        #expect(allowed.code == 1 && allowed.objects.first?["images"] as? Int == 2, "\(allowed.errors)")
        #expect(allowed.errors.contains("1 images that are measured with are also fitted on"))
    }

    private static func run(list: [String], cache: TemporaryFolder?) throws -> CommandLineRunner {
        try CommandLineRunner(list: list, environment: ["UNMASK_CACHE": cache.map { $0.file("cache") } ?? ""])
    }
}
