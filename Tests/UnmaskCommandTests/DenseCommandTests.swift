import Foundation
import Testing
import UnmaskImage

/// From pictures with masks, and from good pictures alone, to heads that answer of every place.
@Suite struct DenseCommandTests {
    private static let model = ["--model", Shipped.autoencoder, "--no-cache"]

    private static func run(_ command: String, _ arguments: [String]) throws -> CommandLineRunner {
        try CommandLineRunner(list: [command] + arguments + model)
    }

    /// A bright rectangle somewhere on a dark ground, and what its mask says: 0 and `object`.
    private static func pair(_ index: Int, object: UInt8) -> (PixelImage, LabelMap) {
        let (width, height) = (40 + 3 * (index % 5), 56 - 4 * (index % 4))
        let (left, top) = (3 + 7 * (index % 3), 5 + 9 * (index % 2))
        var (pixels, numbers) = ([UInt8](), [UInt8]())
        for y in 0..<height {
            for x in 0..<width {
                let isInside = (left..<left + 18).contains(x) && (top..<top + 22).contains(y)
                pixels.append(isInside ? 220 : UInt8(20 + (x * 7 + y * 13 + index) % 30))
                numbers.append(isInside ? object : 0)
            }
        }
        return (
            PixelImage(width: width, height: height, channels: 1, pixels: pixels),
            LabelMap(width: width, height: height, numbers: numbers)
        )
    }

    private static func pairs(
        _ count: Int, in folder: TemporaryFolder, object: UInt8 = 1, _ change: (String) throws -> Void = { _ in }
    ) throws -> String {
        let data = folder.file("pairs")
        for part in ["images", "masks"] {
            try FileManager.default.createDirectory(atPath: "\(data)/\(part)", withIntermediateDirectories: true)
        }
        for index in 0..<count {
            let (image, mask) = pair(index, object: object)
            try image.writePNG(to: "\(data)/images/\(index).png")
            try Data(mask.pngData()).write(to: URL(fileURLWithPath: "\(data)/masks/\(index).png"))
        }
        try change(data)
        return data
    }

    @Test(
        "pairs become a head, the head masks of the pictures' own size; twice the same bytes",
        arguments: [UInt8(1), 255])
    func segments(object: UInt8) throws {
        let folder = try TemporaryFolder()
        let data = try Self.pairs(20, in: folder, object: object)
        for name in ["a", "b"] {
            let fitted = try Self.run(
                "fit", ["segment", "--data", data, "-o", folder.file(name), "--json", "--hold-out", "0.25"])
            #expect(fitted.code == 0, "\(fitted.errors)")
            #expect(fitted.errors.contains("taken for two classes") == (object == 255), "\(fitted.errors)")
            let test = try #require(fitted.objects.first?["test"] as? [String: Any])
            #expect(test["mean_iou"] as? Double ?? 0 > 0.7, "\(test)")
        }
        #expect(FileManager.default.contentsEqual(atPath: folder.file("a"), andPath: folder.file("b")))
        let out = folder.file("masks/")
        let answers = try Self.run(
            "segment", ["\(data)/images", "--head", folder.file("a"), "-o", out, "--overlay", folder.file("over/")])
        #expect(answers.code == 0 && answers.objects.count == 20, "\(answers.errors)")
        for answer in answers.objects {
            let name = ((answer["path"] as? String ?? "") as NSString).lastPathComponent
            let index = Int((name as NSString).deletingPathExtension) ?? 0
            let (image, truth) = Self.pair(index, object: 1)
            let mask = try LabelMap(png: Array(Data(contentsOf: URL(fileURLWithPath: out + name))))
            #expect(mask.width == image.width && mask.height == image.height && answer["seen"] as? Double == 1)
            let right = zip(mask.numbers, truth.numbers).filter { $0 == $1 }.count
            #expect(Double(right) > 0.8 * Double(truth.numbers.count))
            let over = try PixelImage.decode(Array(Data(contentsOf: URL(fileURLWithPath: folder.file("over/") + name))))
            #expect(over.width == image.width && over.pixels[0] == image.pixels[0])
        }
        let eval = try Self.run("eval", ["--head", folder.file("a"), "--data", data, "--json"])
        #expect(eval.code == 0 && eval.objects.first?["mean_iou"] as? Double ?? 0 > 0.7, "\(eval.errors)")
    }

    @Test("pairs that do not belong together are named, and the others are learned from")
    func badPairs() throws {
        let folder = try TemporaryFolder()
        let data = try Self.pairs(20, in: folder) { data in
            let (image, mask) = Self.pair(1, object: 1)
            let colours = PixelImage(
                width: image.width, height: image.height, channels: 3, pixels: image.pixels.flatMap { [$0, $0, $0] })
            try colours.writePNG(to: "\(data)/masks/1.png")
            try Data(LabelMap(width: 5, height: 4, numbers: Array(repeating: 1, count: 20)).pngData())
                .write(to: URL(fileURLWithPath: "\(data)/masks/2.png"))
            try FileManager.default.removeItem(atPath: "\(data)/masks/3.png")
            try Data("no picture".utf8).write(to: URL(fileURLWithPath: "\(data)/images/4.png"))
            try Data(mask.pngData()).write(to: URL(fileURLWithPath: "\(data)/masks/other.png"))
        }
        let arguments = ["segment", "--data", data, "-o", folder.file("head")]
        let refused = try Self.run("fit", arguments)
        #expect(refused.code == 2 && refused.errors.contains("4 of 20 images cannot be used"), "\(refused.errors)")
        #expect(!FileManager.default.fileExists(atPath: folder.file("head")))
        let fitted = try Self.run("fit", arguments + ["--allow-unreadable", "0.2", "--json"])
        #expect(fitted.code == 1 && fitted.objects.first?["images"] as? Int == 16, "\(fitted.errors)")
        for words in [
            "colours without a palette", "is 5 × 4, the upright image", "no mask belongs to it", "4.png",
            "1 masks belong",
        ] {
            #expect(fitted.errors.contains(words), "\(words): \(fitted.errors)")
        }
    }

    @Test(
        "what cannot be learned or asked is refused by name",
        arguments: [
            (["fit", "segment", "--data", "PAIRS", "-o", "X", "--classes", "ONE"], "1 names"),
            (["fit", "segment", "--data", "PAIRS", "-o", "X", "--pooling", "mean"], "reads the patch tokens"),
            (["fit", "linear", "--data", "PAIRS", "-o", "X", "--hidden", "4"], "only in segment"),
            (["fit", "segment", "--data", "PAIRS", "-o", "X", "--ignore", "0"], "1 of 2 classes"),
            (["fit", "segment", "--data", "PAIRS/images", "-o", "X"], "no such folder"),
            (["fit", "anomaly", "--data", "PAIRS/images", "-o", "X", "--folds", "1"], "2 of each"),
            (["fit", "anomaly", "--data", "PAIRS/images", "-o", "X", "--passes", "4"], "plays no part in memory"),
            (["fit", "anomaly", "--data", "PAIRS/images", "-o", "X", "--by", "both", "--passes", "50"], "2 to 49"),
            (
                ["fit", "anomaly", "--data", "PAIRS/images", "-o", "X", "--by", "reconstruction", "--block", "1"],
                "--block"
            ),
            (["fit", "segment", "--data", "PAIRS", "-o", "X", "--by", "both"], "only in anomaly"),
            (["fit", "segment", "--data", "PAIRS", "-o", "X", "--block", "1,6"], "has 6 blocks"),
            (["fit", "segment", "--data", "PAIRS", "-o", "X", "--block", "1,1"], "different whole numbers"),
            (["fit", "anomaly", "--data", "PAIRS/images", "-o", "X", "--hold-out", "0.2"], "of which nothing is said"),
            (["classify", "PAIRS/images/0.png", "--head", "HEAD"], "ask segment"),
            (["score", "PAIRS/images/0.png", "--head", "HEAD"], "expected one of kind anomaly"),
            (["eval", "--data", "PAIRS", "--head", "HEAD", "--predictions", "X.csv"], "answers pixels"),
            (["segment", "PAIRS/images", "PAIRS/copy", "--head", "HEAD", "-o", "X/"], "would both be"),
            (["segment", "PAIRS/images", "--head", "HEAD", "-o", "ONE"], "need a folder"),
        ])
    func refusals(_ arguments: [String], _ words: String) throws {
        let folder = try TemporaryFolder()
        let data = try Self.pairs(6, in: folder) { data in
            try FileManager.default.copyItem(atPath: "\(data)/images", toPath: "\(data)/copy")
        }
        try Data("one\n".utf8).write(to: URL(fileURLWithPath: folder.file("one")))
        let fitted = try Self.run("fit", ["segment", "--data", data, "-o", folder.file("head"), "--strength", "1"])
        #expect(fitted.code == 0, "\(fitted.errors)")
        let placed = arguments.map {
            $0.replacing("PAIRS", with: data).replacing("HEAD", with: folder.file("head")).replacing(
                "ONE", with: folder.file("one"))
        }.map { $0.hasPrefix("X") ? folder.file($0) : $0 }
        let result = try Self.run(placed[0], Array(placed.dropFirst()))
        #expect(result.code == 2 && result.errors.contains(words), "\(result.errors)\(result.output)")
        #expect(!FileManager.default.fileExists(atPath: folder.file("X")))
    }

    @Test("good pictures become a head that finds what is strange, and where")
    func scores() throws {
        let folder = try TemporaryFolder()
        let data = try Self.pairs(30, in: folder)
        let test = folder.file("test")
        for name in ["good", "spoilt"] {
            try FileManager.default.createDirectory(atPath: "\(test)/\(name)", withIntermediateDirectories: true)
        }
        for index in 30..<40 {
            let (image, _) = Self.pair(index, object: 1)
            try image.writePNG(to: "\(test)/good/\(index).png")
            // Stripes that are still there when the picture is as small as the model's.
            var pixels = image.pixels
            for y in 0..<22 { for x in 0..<18 { pixels[y * image.width + x] = x / 4 % 2 == 0 ? 255 : 0 } }
            try PixelImage(width: image.width, height: image.height, channels: 1, pixels: pixels)
                .writePNG(to: "\(test)/spoilt/\(index).png")
        }
        let head = folder.file("good.head")
        let fitted = try Self.run("fit", ["anomaly", "--data", "\(data)/images", "-o", head, "--test", test, "--json"])
        let measured = try #require(fitted.objects.first?["test"] as? [String: Any], "\(fitted.errors)")
        #expect(measured["auroc"] as? Double ?? 0 > 0.95 && measured["good"] as? Int == 10, "\(measured)")
        let answers = try Self.run("score", ["\(test)/spoilt", "--head", head, "-o", folder.file("heat/")])
        #expect(answers.code == 0 && answers.objects.count == 10, "\(answers.errors)")
        var (caught, found) = (0, 0)
        for answer in answers.objects {
            let patches = try #require(answer["patches"] as? [Double])
            let (score, threshold) = try #require(
                (answer["score"] as? Double).flatMap { s in (answer["threshold"] as? Double).map { (s, $0) } })
            #expect(patches.count == 49 && score == patches.max())
            #expect(answer["anomalous"] as? Bool == (score >= threshold))
            caught += score >= threshold ? 1 : 0
            let strangest = patches.indices.max { patches[$0] < patches[$1] } ?? 0
            found += strangest / 7 <= 3 && strangest % 7 <= 3 ? 1 : 0
        }
        #expect(measured["caught"] as? Int == caught && found >= 8, "\(caught) \(found)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.file("heat")).count == 10)
        let eval = try Self.run("eval", ["--head", head, "--data", test, "--json"])
        #expect(eval.objects.first?["auroc"] as? Double == measured["auroc"] as? Double, "\(eval.errors)")
        let unlabelled = try Self.run("eval", ["--head", head, "--data", folder.file("pairs"), "--json"])
        #expect(unlabelled.code == 2 && unlabelled.errors.contains("no image is labelled good"), "\(unlabelled.errors)")
    }

    @Test(
        "masked reconstruction finds what is strange too, alone and beside the memory",
        arguments: ["reconstruction", "both"])
    func reconstruction(by measure: String) throws {
        let folder = try TemporaryFolder()
        let data = try Self.pairs(20, in: folder)
        let (image, _) = Self.pair(20, object: 1)
        var pixels = image.pixels
        for y in 0..<22 { for x in 0..<18 { pixels[y * image.width + x] = x / 4 % 2 == 0 ? 255 : 0 } }
        try PixelImage(width: image.width, height: image.height, channels: 1, pixels: pixels)
            .writePNG(to: folder.file("spoilt.png"))
        for name in ["a", "b"] {
            let fitted = try Self.run(
                "fit",
                [
                    "anomaly", "--data", "\(data)/images", "-o", folder.file(name), "--by", measure, "--passes", "3",
                    "--json",
                ])
            let facts = try #require(fitted.objects.first?["fit"] as? [String: Any], "\(fitted.errors)")
            #expect(facts["by"] as? String == measure && facts["passes"] as? String == "3")
        }
        #expect(FileManager.default.contentsEqual(atPath: folder.file("a"), andPath: folder.file("b")))
        let answers = try Self.run("score", [folder.file("spoilt.png"), "--head", folder.file("a")])
        let answer = try #require(answers.objects.first, "\(answers.errors)")
        #expect(answer["anomalous"] as? Bool == true, "\(answer)")
        let patches = try #require(answer["patches"] as? [Double])
        let strangest = patches.indices.max { patches[$0] < patches[$1] } ?? 0
        #expect(patches.count == 49 && strangest / 7 <= 3 && strangest % 7 <= 3)
        // A backbone without a decoder has none.
        let refused = try CommandLineRunner(list: [
            "fit", "anomaly", "--data", "\(data)/images", "-o", folder.file("c"), "--by", measure, "--model",
            Shipped.classifier, "--no-cache",
        ])
        #expect(refused.code == 2 && refused.errors.contains("with its decoder"), "\(refused.errors)")
        #expect(!FileManager.default.fileExists(atPath: folder.file("c")))
        // No file of one pass runs the autoencoder several times.
        let exported = try CommandLineRunner(list: [
            "export", Shipped.autoencoder, "--head", folder.file("a"), "-o", folder.file("c"),
        ])
        #expect(exported.code == 2 && exported.errors.contains("by memory"), "\(exported.errors)")
        #expect(!FileManager.default.fileExists(atPath: folder.file("c")))
    }

    @Test("several blocks stand side by side; tokens that are kept on disk make the same head as tokens in memory")
    func blocks() throws {
        let folder = try TemporaryFolder()
        let data = try Self.pairs(16, in: folder)
        let fit = ["fit", "segment", "--data", data, "--block", "1,3,5", "--strength", "10", "--json"]
        let shared = ["--model", Shipped.autoencoder]
        for (name, cache) in [
            ("memory", ["--no-cache"]), ("made", ["--cache", folder.file("cache")]),
            ("kept", ["--cache", folder.file("cache")]),
        ] {
            let fitted = try CommandLineRunner(list: fit + shared + cache + ["-o", folder.file(name)])
            #expect(fitted.code == 0, "\(fitted.errors)")
            #expect(fitted.objects.first?["kept_features"] as? Int == (name == "kept" ? 16 : 0))
            #expect(
                FileManager.default.contentsEqual(atPath: folder.file(name), andPath: folder.file("memory")), "\(name)")
        }
        let answers = try Self.run(
            "segment", ["\(data)/images", "--head", folder.file("kept"), "-o", folder.file("masks/")])
        #expect(answers.code == 0 && answers.objects.count == 16, "\(answers.errors)")
        let exported = try CommandLineRunner(list: [
            "export", Shipped.autoencoder, "--head", folder.file("kept"), "-o", folder.file("whole.onnx"),
        ])
        #expect(exported.code == 0 && exported.errors.contains("logits and grid"), "\(exported.errors)")
        let refused = try CommandLineRunner(list: [
            "export", Shipped.autoencoder, "--head", folder.file("kept"), "-o", folder.file("other.onnx"), "--pooling",
            "cls",
        ])
        #expect(refused.code != 0 && refused.errors.contains("--head"), "\(refused.errors)")
    }
}
