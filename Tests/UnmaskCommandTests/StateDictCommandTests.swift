import Foundation
import Testing
import UnmaskGraph
import UnmaskWeights

/// What the command line says of the state dict that it reads.
@Suite struct StateDictCommandTests {
    /// The shipped autoencoder as a student and a teacher in one file, which states nothing else.
    private func twoModels(in folder: TemporaryFolder) throws -> String {
        let file = try TensorFile(path: Shipped.autoencoder)
        var table = TensorTable()
        for (name, tensor) in try file.tensors() {
            _ = table.append("student.\(name)", tensor)
            _ = table.append("teacher.backbone.\(name)", tensor)
        }
        let path = folder.file("two.safetensors")
        try SafetensorsWriter.write(table, to: path)
        return path
    }

    @Test func theChoiceIsPrintedAndCanBeMade() throws {
        let folder = try TemporaryFolder()
        let path = try twoModels(in: folder)
        let run = try CommandLineRunner("embed", Shipped.sample, "--model", path)
        #expect(run.code == 0 && run.lines.count == 1)
        #expect(run.errors.contains("note: \(path): read from state dict teacher.backbone"), "\(run.errors)")
        #expect(run.errors.contains("left: student (--state-dict chooses)"), "\(run.errors)")
        let student = try CommandLineRunner("embed", Shipped.sample, "--model", path, "--state-dict", "student")
        #expect(student.errors.contains("read from state dict student"), "\(student.errors)")
        let none = try CommandLineRunner("embed", Shipped.sample, "--model", path, "--state-dict", "other")
        #expect(none.code == 2 && none.errors.contains("teacher.backbone, student"), "\(none.errors)")
    }

    @Test func inspectShowsTheChoiceAndWhatWasAssumed() throws {
        let folder = try TemporaryFolder()
        let path = try twoModels(in: folder)
        let text = try CommandLineRunner("inspect", path).output
        for part in ["teacher.backbone, in timm's names", "student", "note: nothing says how images"] {
            #expect(text.contains(part), "\(text)")
        }
        let report = try #require(CommandLineRunner("inspect", path, "--json").objects.first)
        let choice = try #require(report["stateDict"] as? [String: Any])
        #expect(choice["key"] as? String == "teacher.backbone" && choice["left"] as? [String] == ["student"])
        #expect((report["notes"] as? [String])?.isEmpty == false)
    }
}
