import Foundation
import Testing
import UnmaskModel
import UnmaskRuntime

/// Every architecture of the families that are read, against PyTorch: `UNMASK_ZOO`, a folder that `make zoo` fills. A verdict
/// is left beside each case; a model that is refused is refused with its reason, and none may be wrong.
@Suite struct ZooTests {
    static let folders: [String] = {
        guard let root = ProcessInfo.processInfo.environment["UNMASK_ZOO"] else { return [] }
        let cases = ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []).sorted()
        return cases.map { root + "/" + $0 }.filter { FileManager.default.fileExists(atPath: $0 + "/case.json") }
    }()

    private struct Verdict: Encodable {
        var verdict: String
        var detail: String
    }

    @Test("is right, or refused by name", .enabled(if: !ZooTests.folders.isEmpty))
    func noneIsWrong() throws {
        let engine = try Engine(threads: 2)
        for folder in Self.folders {
            let test: ParityCase = try Fixture.json(folder + "/case.json")
            let verdict = judge(test, folder, engine)
            #expect(verdict.verdict != "wrong", "\(test.name): \(verdict.detail)")
            try JSONEncoder().encode(verdict).write(to: URL(fileURLWithPath: folder + "/verdict.json"))
        }
    }

    private func judge(_ test: ParityCase, _ folder: String, _ engine: Engine) -> Verdict {
        let model: Model
        do throws(ModelError) {
            model = try Model.load(folder + "/" + test.checkpoint)
        } catch {
            return Verdict(verdict: "refused", detail: "\(error)")
        }
        do {
            let problems = try problems(model, test, folder, engine)
            return Verdict(verdict: problems.isEmpty ? "right" : "wrong", detail: problems.joined(separator: "; "))
        } catch {
            return Verdict(verdict: "wrong", detail: "\(error)")
        }
    }

    /// Every tap of the whole image, and what is pooled of all its patches in another order, which must not matter.
    private func problems(
        _ model: Model, _ test: ParityCase, _ folder: String, _ engine: Engine
    ) throws -> [String] {
        let pixels = try Fixture.array(folder + "/" + test.pixels)
        let patches = model.interface.patches
        let session = try ModelSession(
            model, engine: engine, maximumBatch: 1, disabledPasses: [], pixels: .normalised)
        var problems: [String] = []
        func compare(_ mask: Mask, _ outputs: [(output: String, file: String)], _ order: String) throws {
            let found = try session.forward(
                .f32(pixels.values), masks: [mask], kept: patches, outputs: outputs.map(\.output))
            for (output, file) in outputs {
                let expected = try Fixture.array(folder + "/" + file)
                let distance = Distance(found[output]?.values ?? [], expected.values)
                if !distance.isClose || found[output]?.shape != expected.shape {
                    problems.append("\(output)\(order): \(distance)")
                }
            }
        }
        try compare(.none(patches: patches), test.outputs, "")
        let pooled = test.outputs.filter { ["cls", "mean", "map", ModelGraph.logits].contains($0.output) }
        let reversed = try Mask.keep(Array((0..<patches).reversed()), patches: patches)
        try compare(reversed, pooled, " of patches in another order")
        return problems
    }
}
