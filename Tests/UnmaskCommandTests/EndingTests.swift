import Foundation
import Testing

/// How the program ends.
@Suite struct EndingTests {
    @Test(
        "nothing is taken down beneath threads that still work: no library ends, whatever the outcome",
        arguments: [
            (["--version"], 0), (["inspect", Shipped.classifier], 0), (["classify", "--model", Shipped.classifier], 2),
            (["embed", "--model", "/nonexistent"], 2), (["classify", "--frobnicate"], 2),
            (["classify", "--model", Shipped.classifier, Shipped.sample, Shipped.classifier], 1),
        ] as [([String], Int32)])
    func noLibraryEnds(arguments: [String], code: Int32) throws {
        let folder = try TemporaryFolder()
        // The dynamic linker says what it begins and ends.
        let run = try CommandLineRunner(
            list: arguments,
            environment: ["LD_DEBUG": "files", "LD_DEBUG_OUTPUT": folder.file("linker")])
        #expect(run.code == code, "\(run.errors)")
        let said = try folder.contents.map { try String(contentsOfFile: folder.file($0), encoding: .utf8) }.joined()
        #expect(said.contains("calling init"))
        #expect(!said.contains("calling fini"))
    }
}
