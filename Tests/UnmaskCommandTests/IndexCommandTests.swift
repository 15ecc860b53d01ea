import Foundation
import Testing
import UnmaskImage
import UnmaskIndex
import UnmaskModel

/// Indexes as a user makes and searches them, on the shipped model and samples.
@Suite struct IndexCommandTests {
    /// The samples, one of them a second time under another name, and a file that is no image.
    func source(_ folder: TemporaryFolder) throws -> String {
        let photos = folder.file("photos")
        try FileManager.default.copyItem(atPath: Shipped.samples, toPath: photos)
        try FileManager.default.copyItem(atPath: Shipped.sample, toPath: photos + "/copy.png")
        try Data("no image".utf8).write(to: URL(fileURLWithPath: photos + "/broken.jpg"))
        return photos
    }

    func build(_ arguments: String...) throws -> CommandLineRunner {
        try CommandLineRunner(
            list: ["index"] + arguments + ["--model", Shipped.autoencoder, "--pooling", "mean", "--batch", "3"])
    }

    func bytes(of folder: String) throws -> [String: Data] {
        var files: [String: Data] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
            files[name] = FileManager.default.contents(atPath: folder + "/" + name)
        }
        return files
    }

    @Test func whatIsBuiltIsFound() throws {
        let folder = try TemporaryFolder()
        let (photos, index) = (try source(folder), folder.file("i"))
        let run = try build("build", photos, "-o", index)
        #expect(run.code == 1)
        let sums = try #require(run.objects.last)
        #expect(sums["images"] as? Int == 11 && sums["vectors"] as? Int == 10)
        #expect(sums["duplicates"] as? Int == 1 && sums["failed"] as? Int == 1)
        let store = try VectorStore(path: index)
        #expect(try store.failures().map(\.path) == [photos + "/broken.jpg"])
        // The vectors are those that embed gives, to the bit.
        let embedded = try CommandLineRunner(
            "embed", photos + "/copy.png", "--model", Shipped.autoencoder, "--pooling", "mean", "--normalize")
        let vector = try #require(embedded.objects.first?["embedding"] as? [Double])
        let row = try #require(
            (0..<store.rowCount).first { try store.images(ofRow: $0)[0].path.contains("ankle-boot") })
        #expect(try store.vector(ofRow: row) == vector.map { Float($0) })

        let search = try CommandLineRunner(
            "search", Shipped.sample, "--index", index, "--model", Shipped.autoencoder, "-k", "3", "--sheet",
            folder.file("s.png"))
        #expect(search.code == 0 && search.objects.count == 3)
        #expect(search.objects[0]["path"] as? String == photos + "/ankle-boot.png")
        #expect(search.objects[0]["same_pixels"] as? [String] == [photos + "/copy.png"])
        let similarities = search.objects.compactMap { $0["similarity"] as? Double }
        #expect(abs(similarities[0] - 1) < 1e-6 && similarities == similarities.sorted(by: >))
        #expect(try PNGSize.ofPNG(folder.file("s.png")).width == 4 * (128 + 6) + 6)
        let under = try CommandLineRunner(
            "search", Shipped.sample, "--index", index, "--model", Shipped.autoencoder, "--under", photos + "/s")
        #expect(under.objects.allSatisfy { ($0["path"] as? String)?.hasPrefix(photos + "/s") == true })
    }

    @Test func approximateSearchesSayWhatTheyAre() throws {
        let folder = try TemporaryFolder()
        let (index, plain) = (folder.file("i"), folder.file("plain"))
        let built = try build("build", Shipped.samples, "-o", index, "--bits", "--recall", "0.9")
        #expect(built.code == 0)
        let bits = try #require(built.objects.last?["bits"] as? [String: Any])
        // All vectors of an index this small are looked at.
        #expect(bits["recall_at_10"] as? Double == 1 && bits["vectors"] as? Int == 10)
        func search(_ index: String, _ mode: String...) throws -> CommandLineRunner {
            try CommandLineRunner(
                list: ["search", Shipped.sample, "--index", index, "--model", Shipped.autoencoder] + mode)
        }
        let (exact, found) = (try search(index), try search(index, "--mode", "bits"))
        #expect(found.errors.contains("--mode bits is approximate: it found 100.0 % of the ten nearest"))
        #expect(exact.objects.allSatisfy { $0["mode"] as? String == "exact" })
        #expect(found.objects.allSatisfy { $0["mode"] as? String == "bits" })
        #expect(found.objects.map { $0["path"] as? String } == exact.objects.map { $0["path"] as? String })

        // What is made later is the same.
        #expect(try build("build", Shipped.samples, "-o", plain).code == 0)
        let refused = try search(plain, "--mode", "bits")
        #expect(refused.code == 2 && refused.errors.contains("--kind bits makes them"))
        let later = try CommandLineRunner("index", "approximate", plain, "--kind", "bits", "--recall", "0.9")
        #expect(later.code == 0)
        #expect(try bytes(of: plain) == bytes(of: index))
        let graph = try CommandLineRunner("index", "approximate", plain, "--kind", "hnsw")
        #expect(graph.code == 2 && graph.errors.contains("nothing is needed beside them"))
        let share = try build("build", Shipped.samples, "-o", index, "--recall", "0.9")
        #expect(share.code != 0 && share.errors.contains("say --bits too"))
    }

    @Test func partsMergeToTheSameBytes() throws {
        let folder = try TemporaryFolder()
        let photos = try source(folder)
        let whole = try build("build", photos, "-o", folder.file("whole"))
        #expect(whole.code == 1)
        for part in 1...3 {
            let run = try build("build", photos, "-o", folder.file("part\(part)"), "--workers", "\(part)/3")
            #expect(run.code == (part == 1 ? 1 : 0))
        }
        let parts = [2, 3, 1].map { folder.file("part\($0)") }
        let merged = try CommandLineRunner(list: ["index", "merge"] + parts + ["-o", folder.file("merged")])
        #expect(merged.code == 0)
        #expect(try bytes(of: folder.file("merged")) == bytes(of: folder.file("whole")))
        let missing = try CommandLineRunner(
            "index", "merge", parts[0], parts[1], "-o", folder.file("missing"))
        #expect(missing.code == 2 && missing.errors.contains("all of them are needed"))
    }

    @Test func updatingAddsChangesAndDeletes() throws {
        let folder = try TemporaryFolder()
        let (photos, index) = (try source(folder), folder.file("i"))
        _ = try build("build", photos, "-o", index)
        let again = try build("build", photos, "-o", index)
        #expect(again.code == 0 && again.objects.last?["embedded"] as? Int == 0)
        #expect(again.errors.contains("11 images with 10 vectors, and 1 failures, are there already"))
        try FileManager.default.removeItem(atPath: photos + "/copy.png")
        try FileManager.default.removeItem(atPath: photos + "/bag.png")
        try FileManager.default.removeItem(atPath: photos + "/broken.jpg")
        let grey = PixelImage(width: 40, height: 30, channels: 1, pixels: [UInt8](repeating: 77, count: 1200))
        try grey.writePNG(to: photos + "/broken.jpg")
        let run = try build("update", photos, "-o", index)
        #expect(run.code == 0 && run.objects.last?["deleted"] as? Int == 2)
        #expect(run.objects.last?["embedded"] as? Int == 1)
        let info = try CommandLineRunner("index", "info", index)
        #expect(info.objects.first?["images"] as? Int == 10 && info.objects.first?["failed"] as? Int == 0)
        let search = try CommandLineRunner("search", Shipped.sample, "--index", index, "--model", Shipped.autoencoder)
        #expect(search.objects.count == 10 && search.objects[0]["same_pixels"] == nil)
        #expect(search.objects.allSatisfy { ($0["path"] as? String)?.hasSuffix("bag.png") == false })
    }

    @Test func archivesAndListsAreSources() throws {
        let folder = try TemporaryFolder()
        let tar = Process()
        tar.executableURL = URL(fileURLWithPath: "/bin/tar")
        tar.arguments = ["-C", Shipped.samples, "-cf", folder.file("s.tar"), "."]
        try tar.run()
        tar.waitUntilExit()
        let run = try build("build", folder.file("s.tar"), "-o", folder.file("i"))
        #expect(run.code == 0 && run.objects.last?["embedded"] as? Int == 10)
        let list = try CommandLineRunner(
            list: ["index", "build", "-", "-o", folder.file("j"), "--model", Shipped.autoencoder, "--pooling", "mean"],
            input: Shipped.sample + "\n")
        #expect(list.code == 0 && list.objects.last?["vectors"] as? Int == 1)
    }

    @Test func otherModelsAreRefusedByWhatDiffers() throws {
        let folder = try TemporaryFolder()
        _ = try build("build", Shipped.samples, "-o", folder.file("i"))
        let other = try CommandLineRunner(
            "index", "build", Shipped.samples, "-o", folder.file("i"), "--model", Shipped.autoencoder, "--pooling",
            "cls")
        #expect(other.code == 2 && other.errors.contains("pooling is mean in the index and cls here"))
        let search = try CommandLineRunner(
            "search", Shipped.sample, "--index", folder.file("i"), "--model", Shipped.classifier)
        #expect(search.code == 2 && search.errors.contains("model is"))
        let none = try CommandLineRunner(
            "search", Shipped.sample, "--index", folder.file("none"), "--model", Shipped.autoencoder)
        #expect(none.code == 2 && none.errors.contains("there is no index here"))
        let tokens = try CommandLineRunner(
            "index", "build", Shipped.samples, "-o", folder.file("t"), "--model", Shipped.autoencoder, "--pooling",
            "tokens")
        #expect(tokens.code == 2 && tokens.errors.contains("use cls or mean"))
    }

    /// Each time that it has written something it is killed, until it ends by itself.
    @Test func killedRunsGoOnToTheSameBytes() throws {
        let folder = try TemporaryFolder()
        let photos = folder.file("photos")
        try FileManager.default.createDirectory(atPath: photos, withIntermediateDirectories: true)
        for number in 0..<60 {
            let pixels = (0..<28 * 28).map { UInt8(truncatingIfNeeded: $0 * (number + 3) ^ number) }
            try PixelImage(width: 28, height: 28, channels: 1, pixels: pixels).writePNG(to: photos + "/\(number).png")
        }
        #expect(try build("build", photos, "-o", folder.file("whole")).code == 0)
        let index = folder.file("killed")
        var kills = 0
        while kills < 12 {
            let process = Process()
            process.executableURL = CommandLineRunner.binary
            process.environment = CommandLineRunner.environment
            process.arguments = [
                "index", "build", photos, "-o", index, "--model", Shipped.autoencoder, "--pooling", "mean", "--batch",
                "1",
            ]
            (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
            try process.run()
            let lines = index + "/000000.jsonl"
            let wanted = (kills % 6) * 9 + 1
            while process.isRunning,
                (FileManager.default.contents(atPath: lines) ?? Data()).split(separator: 10).count < wanted
            {
                usleep(200)
            }
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            kills += 1
        }
        let last = try build("build", photos, "-o", index)
        #expect(last.code == 0)
        #expect(try bytes(of: index) == bytes(of: folder.file("whole")))
    }

    @Test("a part of a picture is searched for by its own patches")
    func region() throws {
        let folder = try TemporaryFolder()
        let model = ["--model", Shipped.autoencoder, "--pooling", "mean", "--no-cache"]
        func run(_ arguments: [String]) throws -> [[String: Any]] {
            let result = try CommandLineRunner(list: arguments)
            #expect(result.code == 0, "\(result.errors)")
            return result.objects
        }
        func vectors(_ arguments: [String]) throws -> [String: [Double]] {
            let found = try run(["embed"] + arguments + ["--normalize"] + model)
            return Dictionary(
                found.compactMap { line in
                    (line["path"] as? String).flatMap { path in (line["embedding"] as? [Double]).map { (path, $0) } }
                }
            ) { $1 }
        }
        let index = folder.file("index")
        _ = try run(["index", "build", Shipped.samples, "-o", index] + model)
        let search = ["search", Shipped.sample, "--index", index, "--model", Shipped.autoencoder, "--no-cache"]
        let found = try run(search + ["-k", "20", "--region", "0,0,8,8"])
        // Of 7 × 7 patches of 4 pixels, those of the first 8 by 8.
        let query = try #require(try vectors([Shipped.sample, "--patches", "0,1,7,8"]).values.first)
        let all = try vectors([Shipped.samples])
        #expect(found.count == all.count)
        for line in found {
            let other = try #require((line["path"] as? String).flatMap { all[$0] })
            let cosine = zip(query, other).reduce(0) { $0 + $1.0 * $1.1 }
            #expect(abs((line["similarity"] as? Double ?? 9) - cosine) < 1e-5)
        }
        for (region, words) in [
            ("0,0,1,1", "no patch has its middle in it"), ("0,0,8", "--region"),
            ("9223372036854775807,0,1,1", "--region"),
        ] {
            let refused = try CommandLineRunner(list: search + ["--region", region])
            #expect(refused.code == 2 && refused.errors.contains(words), "\(refused.errors)")
        }
    }
}
