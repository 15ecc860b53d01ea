import Foundation
import Testing

/// `classify --out`: the same answers as on standard output, in a file that is whole.
@Suite struct AnswerFileTests {
    private static func folder() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        for name in ["bag", "sneaker"] {
            try FileManager.default.copyItem(
                atPath: Shipped.samples + "/\(name).png", toPath: folder.file("\(name), 1.png"))
        }
        try Data("no image".utf8).write(to: URL(fileURLWithPath: folder.file("broken.png")))
        return folder
    }

    private static func classify(_ folder: TemporaryFolder, _ more: String...) throws -> CommandLineRunner {
        let images = ["bag, 1.png", "broken.png", "sneaker, 1.png"].map(folder.file)
        return try CommandLineRunner(list: ["classify"] + images + ["--model", Shipped.classifier] + more)
    }

    @Test("JSON lines are those of standard output")
    func lines() throws {
        let folder = try Self.folder()
        let printed = try Self.classify(folder, "--threshold", "0.01")
        let written = try Self.classify(folder, "--threshold", "0.01", "--out", folder.file("a.jsonl"))
        #expect(printed.code == 1 && written.code == 1, "\(written.errors)")
        let lines = try String(contentsOfFile: folder.file("a.jsonl"), encoding: .utf8).split(separator: "\n")
        #expect(lines.count == 3 && lines.map(String.init) == printed.lines)
    }

    @Test("CSV has a row for each label that scores enough, and one for an image without")
    func rows() throws {
        let folder = try Self.folder()
        let run = try Self.classify(folder, "--top-k", "2", "--threshold", "0", "--out", folder.file("a.csv"))
        #expect(run.code == 1, "\(run.errors)")
        let rows = try String(contentsOfFile: folder.file("a.csv"), encoding: .utf8).split(separator: "\n")
        #expect(rows.count == 6 && rows[0] == "path,label,index,score,unknown,error", "\(rows)")
        #expect(rows[1].hasPrefix("\"\(folder.file("bag, 1.png"))\",Bag,8,0.9"), "\(rows[1])")
        #expect(rows[3].hasPrefix("\(folder.file("broken.png")),,,,,") && rows[3].contains("image_"), "\(rows[3])")
        let strict = try Self.classify(folder, "--threshold", "2", "--out", folder.file("b.csv"))
        #expect(strict.code == 1)
        let none = try String(contentsOfFile: folder.file("b.csv"), encoding: .utf8).split(separator: "\n")
        #expect(none.count == 4 && none[1] == "\"\(folder.file("bag, 1.png"))\",,,,,", "\(none)")
    }

    @Test("files of other kinds are refused before anything runs")
    func refused() throws {
        let folder = try Self.folder()
        let run = try Self.classify(folder, "--out", folder.file("a.txt"))
        #expect(run.code != 0 && run.errors.contains(".csv or .jsonl"), "\(run.errors)")
        #expect(!FileManager.default.fileExists(atPath: folder.file("a.txt")))
    }
}
