import Foundation
import Testing
import UnmaskIndex

/// Metadata as a user states them, and searches by them.
@Suite struct IndexMetadataTests {
    let folder: TemporaryFolder
    let photos: String

    init() throws {
        folder = try TemporaryFolder()
        photos = folder.file("photos")
        try FileManager.default.copyItem(atPath: Shipped.samples, toPath: photos)
    }

    private static let model = ["--model", Shipped.autoencoder, "--no-cache"]

    private func index(_ arguments: String...) throws -> CommandLineRunner {
        try CommandLineRunner(list: ["index"] + arguments + ["--pooling", "mean"] + Self.model)
    }

    private func search(_ index: String, _ conditions: [String], _ arguments: String...) throws -> CommandLineRunner {
        try CommandLineRunner(
            list: ["search", Shipped.sample, "--index", index, "-k", "20"] + conditions.flatMap { ["--where", $0] }
                + arguments + Self.model)
    }

    private func write(_ name: String, _ text: String) throws -> String {
        try Data(text.utf8).write(to: URL(fileURLWithPath: folder.file(name)))
        return folder.file(name)
    }

    private var names: [String] { get throws { try FileManager.default.contentsOfDirectory(atPath: photos).sorted() } }

    private func found(_ run: CommandLineRunner) -> [String] {
        run.objects.compactMap { ($0["path"] as? String).map { ($0 as NSString).lastPathComponent } }.sorted()
    }

    @Test func listsAreSearchedBy() throws {
        let names = try names
        let lines = names.enumerated().dropLast().map {
            "photos/\($1),\($0),\"\($0 % 2 == 0 ? "a,b" : "c")\",0\($0),\($0 > 3)"
        }
        let csv = try write(
            "list.csv", "path,number,label,code,late\n" + lines.joined(separator: "\n") + "\nnone.png,1,,,\n")
        let run = try index("build", photos, "-o", folder.file("i"), "--metadata", csv)
        #expect(
            run.code == 0 && run.errors.contains("1 of its paths are of no image of the source: none.png"),
            "\(run.errors)")
        let count = names.count - 1
        for (conditions, holds) in [
            (["number>=4"], { $0 >= 4 }), (["number>=4", "label=a,b"], { $0 >= 4 && $0 % 2 == 0 }),
            (["code=03"], { $0 == 3 }),
            (["label in \"a,b\",x"], { $0 % 2 == 0 }), (["late=false", "number!=1"], { $0 < 4 && $0 != 1 }),
        ] as [([String], (Int) -> Bool)] {
            let run = try search(folder.file("i"), conditions)
            #expect(run.code == 0 && found(run) == (0..<count).filter(holds).map { names[$0] }, "\(run.errors)")
        }
        let first = try #require(
            try search(folder.file("i"), ["number=2"]).objects.first?["metadata"] as? [String: Any])
        #expect(first["number"] as? Int == 2 && first["label"] as? String == "a,b" && first["code"] as? String == "02")
        #expect(first["late"] as? Bool == false && first.count == 4)
        let composed = try search(folder.file("i"), ["number>=0"], "--under", photos + "/s")
        #expect(found(composed) == names.dropLast().filter { $0.hasPrefix("s") })
        for (condition, words) in [
            ("numbr=1", "no image has the member “numbr”"), ("number=x", "is a number in the metadata"),
            ("number", "is no condition"),
        ] {
            let run = try search(folder.file("i"), [condition])
            #expect(run.code == 2 && run.objects.isEmpty && run.errors.contains(words), "\(run.errors)")
        }
        let none = try search(folder.file("i"), ["number>99"])
        #expect(none.objects.isEmpty && none.errors.contains("no image of it has metadata with number>99"))
        let info = try CommandLineRunner("index", "info", folder.file("i"))
        #expect(
            info.objects.first?["metadata"] as? [String: String]
                == ["number": "number", "label": "string", "code": "string", "late": "boolean"])
    }

    @Test func partsAndArchivesCarryTheSame() throws {
        for (number, name) in try names.enumerated() {
            try Data(#"{"number":\#(number),"of":{"x":1}}"#.utf8)
                .write(to: URL(fileURLWithPath: photos + "/" + (name as NSString).deletingPathExtension + ".json"))
        }
        let tar = Process()
        tar.executableURL = URL(fileURLWithPath: "/bin/tar")
        tar.arguments = ["-C", photos, "-cf", folder.file("s.tar"), "--sort=name", "."]
        try tar.run()
        tar.waitUntilExit()
        let whole = try index("build", folder.file("s.tar"), "-o", folder.file("whole"))
        #expect(
            whole.code == 0 && whole.errors.contains("of: objects and arrays of its metadata are left out"),
            "\(whole.errors)")
        for part in 1...2 {
            #expect(
                try index("build", folder.file("s.tar"), "-o", folder.file("\(part)"), "--workers", "\(part)/2").code
                    == 0)
        }
        let merged = try CommandLineRunner(
            "index", "merge", folder.file("2"), folder.file("1"), "-o", folder.file("merged"))
        #expect(merged.code == 0, "\(merged.errors)")
        for name in ["index.json", "000000.jsonl", "000000.f32"] {
            let one = FileManager.default.contents(atPath: folder.file("merged/" + name))
            #expect(one != nil && one == FileManager.default.contents(atPath: folder.file("whole/" + name)))
        }
        #expect(try search(folder.file("merged"), ["number<3"]).objects.count == 3)
    }

    @Test func updatingTakesWhatIsStated() throws {
        let names = try names
        let one = try write(
            "one.jsonl", names.map { #"{"path":"photos/\#($0)","label":"old","year":7}"# }.joined(separator: "\n"))
        #expect(try index("build", photos, "-o", folder.file("i"), "--metadata", one).code == 0)
        let two = try write("two.jsonl", #"{"path":"photos/\#(names[0])","label":"new","year":7}"#)
        let build = try index("build", photos, "-o", folder.file("i"), "--metadata", two)
        #expect(build.code == 0 && build.errors.contains("1 images are in"), "\(build.errors)")
        #expect(try search(folder.file("i"), ["label=new"]).objects.isEmpty)
        let update = try index("update", photos, "-o", folder.file("i"), "--metadata", two)
        #expect(update.code == 0 && update.objects.last?["embedded"] as? Int == 0, "\(update.errors)")
        #expect(found(try search(folder.file("i"), ["label=new"])) == [names[0]])
        #expect(try search(folder.file("i"), ["label=old"]).objects.count == names.count - 1)
        // An image that has changed, of which nothing is stated, keeps what it had.
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: 9)], ofItemAtPath: photos + "/" + names[1])
        #expect(try index("update", photos, "-o", folder.file("i")).code == 0)
        #expect(try search(folder.file("i"), ["label=old"]).objects.count == names.count - 1)
        let text = try write("text.jsonl", #"{"path":"photos/\#(names[2])","year":"7"}"#)
        let mixed = try index("update", photos, "-o", folder.file("i"), "--metadata", text)
        #expect(
            mixed.code == 2 && mixed.errors.contains("“year” is the string \"7\", and a number in other images"),
            "\(mixed.errors)")
        for (name, content, words) in [
            ("a.csv", "file,label\nx,y\n", "“path”"), ("b.csv", "path,label\nx\n", "1 fields where the header has 2"),
            ("c.jsonl", "{\"path\":\"x\"}\n{\"path\":\"x\"}", "line 2: a second line for x"),
            ("d.jsonl", "{\"label\":\"x\"}", "the member “path”"), ("e.jsonl", "x", "expected a JSON object"),
        ] {
            let run = try index("build", photos, "-o", folder.file("n"), "--metadata", try write(name, content))
            #expect(run.code == 2 && run.errors.contains(words), "\(run.errors)")
        }
    }
}
