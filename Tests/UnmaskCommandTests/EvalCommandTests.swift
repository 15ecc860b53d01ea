import Foundation
import Testing

/// What `eval` measures of folders whose names are not the model's in its order.
@Suite struct EvalCommandTests {
    /// The shipped samples, each in a folder of that name.
    private static func data(_ folders: [(sample: String, name: String)], in folder: TemporaryFolder) throws -> String {
        let path = folder.file("data")
        for (sample, name) in folders {
            try FileManager.default.createDirectory(atPath: path + "/" + name, withIntermediateDirectories: true)
            try FileManager.default.copyItem(
                atPath: Shipped.samples + "/\(sample).png", toPath: path + "/" + name + "/\(sample).png")
        }
        return path
    }

    private static func eval(_ data: String, _ options: String...) throws -> CommandLineRunner {
        try CommandLineRunner(list: ["eval", "--model", Shipped.classifier, "--data", data, "--json"] + options)
    }

    private static let samples = [
        (sample: "ankle-boot", name: "ankle boot"), (sample: "bag", name: "BAG"), (sample: "dress", name: "Dress"),
    ]

    @Test func classesAreFoundByName() throws {
        let folder = try TemporaryFolder()
        let run = try Self.eval(try Self.data(Self.samples, in: folder))
        #expect(run.code == 0, "\(run.errors)")
        #expect(run.objects.first?["top1"] as? Double == 1)
        let classes = try #require(run.objects.first?["classes"] as? [[String: Any]])
        for entry in classes {
            let hasImages = ["Ankle boot", "Bag", "Dress"].contains(entry["label"] as? String)
            #expect(hasImages ? entry["top1"] as? Double == 1 : entry["top1"] is NSNull, "\(entry)")
        }
    }

    @Test("one stray folder is refused by its name, with the model's labels beside; without images it is left out")
    func strayFolders() throws {
        let folder = try TemporaryFolder()
        let path = try Self.data(Self.samples + [(sample: "bag", name: "stray")], in: folder)
        let run = try Self.eval(path)
        #expect(run.code == 2 && run.output.isEmpty)
        for part in ["stray", "T-shirt/top", "--class-map"] { #expect(run.errors.contains(part), "\(run.errors)") }
        try FileManager.default.removeItem(atPath: path + "/stray/bag.png")
        try FileManager.default.createDirectory(atPath: path + "/.git", withIntermediateDirectories: true)
        let emptied = try Self.eval(path)
        #expect(emptied.code == 0 && emptied.objects.first?["top1"] as? Double == 1)
        #expect(emptied.errors.contains("stray (no image in it)") && emptied.errors.contains(".git"))
    }

    @Test func linkedFoldersCount() throws {
        let folder = try TemporaryFolder()
        let path = try Self.data(Self.samples, in: folder)
        try FileManager.default.moveItem(atPath: path + "/BAG", toPath: folder.file("elsewhere"))
        try FileManager.default.createSymbolicLink(atPath: path + "/Bag", withDestinationPath: folder.file("elsewhere"))
        let run = try Self.eval(path)
        #expect(run.code == 0 && run.objects.first?["images"] as? Int == 3, "\(run.errors)")
    }

    @Test func foldersOfOtherNamesNeedAMap() throws {
        let folder = try TemporaryFolder()
        let path = try Self.data([("ankle-boot", "a"), ("bag", "b")], in: folder)
        #expect(try Self.eval(path).code == 2)
        #expect(try Self.eval(path, "--folder-order").code == 2, "two folders are not ten classes")
        let map = try folder.write("map.json", #"{"a":"Ankle boot","b":8}"#.utf8)
        let run = try Self.eval(path, "--class-map", map)
        #expect(run.code == 0 && run.objects.first?["top1"] as? Double == 1, "\(run.errors)")
    }

    @Test("training and test images are paired by name; the head is left out aloud where its classes are others")
    func trainingClasses() throws {
        let folder = try TemporaryFolder()
        let test = try Self.data([("ankle-boot", "shoe"), ("bag", "bag")], in: folder)
        let other = try TemporaryFolder()
        let train = try Self.data([("ankle-boot", "shoe"), ("bag", "bag"), ("dress", "a dress")], in: other)
        let run = try Self.eval(test, "--train", train, "--neighbours", "1")
        #expect(run.code == 0, "\(run.errors)")
        #expect(run.objects.first?["knn_top1"] as? Double == 1)
        #expect(run.objects.first?["top1"] == nil && run.errors.contains("the head is not measured"))
        let swapped = try Self.eval(train, "--train", test)
        #expect(swapped.code == 2 && swapped.errors.contains("a dress"), "no training image of it")
    }

    @Test("one HTML file with everything in it, and the accuracy on few images a class")
    func htmlAndFewShots() throws {
        let folder = try TemporaryFolder()
        let (train, test) = (
            try FashionImages.file(0..<300, in: folder), try FashionImages.file(300..<400, in: folder, "e")
        )
        let run = try Self.eval(
            test, "--train", train, "--few-shot", "1,8", "--draws", "3", "--html", folder.file("report.html"),
            "--predictions", folder.file("answers.jsonl"))
        #expect(run.code == 0, "\(run.errors)")
        let points = try #require(run.objects.first?["few_shot"] as? [[String: Any]])
        #expect(points.map { $0["shots"] as? Int } == [1, 8])
        let accuracies = points.compactMap { $0["top1"] as? Double }
        #expect(accuracies.count == 2 && accuracies.allSatisfy { $0 > 0.8 }, "fine-tuned features: \(accuracies)")
        let confusion = try #require(run.objects.first?["confusion"] as? [[Int]])
        #expect(confusion.joined().reduce(0, +) == 100)
        let html = try String(contentsOfFile: folder.file("report.html"), encoding: .utf8)
        let wrong = 100 - (0..<10).reduce(0) { $0 + confusion[$1][$1] }
        #expect(html.components(separatedBy: "data:image/png;base64,").count == wrong + 1, "\(wrong) errors")
        #expect(html.contains("T-shirt/top") && !html.contains("http"))
        let answers = try String(contentsOfFile: folder.file("answers.jsonl"), encoding: .utf8)
        #expect(answers.split(separator: "\n").count == 100)
    }
}
