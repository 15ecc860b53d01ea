import Foundation
import Testing

/// Which images a command looks at, and what it says of the rest.
@Suite struct ImagePathsTests {
    private let png = try? [UInt8](Data(contentsOf: URL(fileURLWithPath: Shipped.sample)))

    private func embed(_ arguments: [String], input: String = "") throws -> CommandLineRunner {
        try CommandLineRunner(list: ["embed", "--model", Shipped.autoencoder] + arguments, input: input)
    }

    @Test func everyFileOfAFolderIsLookedAtByContent() throws {
        let png = try #require(png)
        let folder = try TemporaryFolder()
        for name in ["a", "b.jfif", "c.bin", "d.PNG"] { try folder.write(name, png) }
        try folder.write("notes.txt", Array("no picture".utf8))
        let run = try embed([folder.path, "--out", folder.file("v.npy")])
        #expect(run.code == 0)
        #expect(run.errors.contains("1 files in folders are left out") && run.errors.contains("notes.txt"))
        let manifest = try String(contentsOfFile: folder.file("v.manifest.jsonl"), encoding: .utf8)
        #expect(manifest.split(separator: "\n").count == 5)
        #expect(manifest.contains("\"left_out\""))
    }

    @Test func linkedFoldersAreFollowedOnce() throws {
        let png = try #require(png)
        let folder = try TemporaryFolder()
        let other = try TemporaryFolder()
        try other.write("x.png", png)
        for name in ["one", "two"] {
            try FileManager.default.createSymbolicLink(
                atPath: folder.file(name), withDestinationPath: other.path)
        }
        try FileManager.default.createSymbolicLink(atPath: other.file("loop"), withDestinationPath: folder.path)
        let run = try embed([folder.path])
        #expect(run.code == 0)
        #expect(run.objects.count == 1)
        #expect(run.errors.contains("two") && run.errors.contains("searched already"))
    }

    @Test func nothingFoundIsExitTwo() throws {
        let folder = try TemporaryFolder()
        try folder.write("notes.txt", Array("no picture".utf8))
        for command in ["embed", "classify"] {
            let model = command == "embed" ? Shipped.autoencoder : Shipped.classifier
            let run = try CommandLineRunner(command, folder.path, "--model", model)
            #expect(run.code == 2)
            #expect(run.errors.contains("no image in"))
        }
        #expect(try embed(["-"]).code == 2)
    }

    @Test(arguments: ["\n", "\0", "\r\n"])
    func listsEndTheirPathsWithNewlinesOrZeros(end: String) throws {
        let run = try embed(["-"], input: [Shipped.sample, Shipped.sample].map { $0 + end }.joined())
        #expect(run.code == 0)
        #expect(run.objects.count == 2)
    }

    @Test("a bare number is no budget: the message has both spellings", arguments: ["1", "25", "0", "100"])
    func ambiguousBudgets(number: String) throws {
        let run = try embed([Shipped.sample, "--keep", number])
        #expect(run.code == 2)
        #expect(run.errors.contains("--keep \(number)%") && run.errors.contains("--patches \(number)"))
    }

    @Test func budgetsAreSharesOrNumbers() throws {
        func kept(_ arguments: String...) throws -> Int? {
            let run = try embed([Shipped.sample, "--pooling", "tokens"] + arguments)
            return (run.objects.first?["embedding"] as? [[Double]])?.count
        }
        #expect(try kept("--keep", "25%") == 12)
        #expect(try kept("--keep", "0.25") == 12)
        #expect(try kept("--keep", "1.0") == 49)
        #expect(try kept("--patches", "7") == 1)
        #expect(try kept("--patches", "0,7,12") == 3)
        #expect(try embed([Shipped.sample, "--keep", "0.25", "--patches", "7"]).code == 2)
        #expect(try embed([Shipped.sample, "--keep", "1.5"]).code == 2)
        #expect(try embed([Shipped.sample, "--patches", "49"]).code == 2)
    }

    @Test func vectorsAreNotWrittenUnderAnotherFormatsName() throws {
        let folder = try TemporaryFolder()
        for ending in ["csv", "json", "parquet"] {
            let run = try embed([Shipped.sample, "--out", folder.file("v.\(ending)")])
            #expect(run.code == 2)
            #expect(run.errors.contains(".\(ending)"))
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }

    @Test func whatAModelSeesCanBeLookedAt() throws {
        let folder = try TemporaryFolder()
        let picture = folder.file("seen.png")
        let run = try CommandLineRunner(
            "preprocess", Shipped.sample, "--model", Shipped.autoencoder, "--picture", picture)
        #expect(run.code == 0)
        let again = try CommandLineRunner("embed", picture, "--model", Shipped.autoencoder)
        let direct = try CommandLineRunner("embed", Shipped.sample, "--model", Shipped.autoencoder)
        #expect(again.objects.first?["embedding"] as? [Double] == direct.objects.first?["embedding"] as? [Double])
        #expect(try CommandLineRunner("preprocess", Shipped.sample, "--out", folder.file("x.npy")).code == 2)
    }

    @Test func inspectSaysWhoSaidEachMemberOfTheRecipe() throws {
        let run = try CommandLineRunner(
            "inspect", Shipped.autoencoder, "--mean", "0.4", "--interpolation", "lanczos", "--json")
        let object = try #require(run.objects.first)
        let origins = try #require(object["recipeOrigins"] as? [String: String])
        #expect(origins["mean"] == "--mean" && origins["filter"] == "--interpolation")
        #expect(origins["std"]?.contains("metadata") == true)
    }
}
