import Foundation
import Testing
import UnmaskGraph
import UnmaskONNX
import UnmaskRuntime
import UnmaskWeights

@testable import UnmaskModel

/// Model files that change between opening and the steps that read their weights, which may be long after.
@Suite struct ChangedFileTests {
    /// A model in every format whose weights are mapped.
    enum Format: String, CaseIterable, Sendable {
        case own, timm, sharded, pth, onnx, onnxExternal, graph
    }

    /// What reads weights.
    enum Step: String, CaseIterable, Sendable {
        case hash, optimise, pack, convert, narrow, export
    }

    enum Change: Sendable, CustomTestStringConvertible {
        /// To so many sixteenths of its size, as `cp` from a shorter file leaves it for a moment, or for good.
        case shorten(Int)
        /// Another model of the same size is copied over it.
        case overwrite

        var testDescription: String {
            switch self {
            case .shorten(let sixteenths): "shortened to \(sixteenths)/16"
            case .overwrite: "overwritten"
            }
        }
    }

    private final class Folder {
        let path = NSTemporaryDirectory() + "unmask-changed-" + UUID().uuidString
        init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    /// Writes a model of that format.
    /// - Returns: what to load, and the file that holds (some of) the weights.
    private static func write(_ format: Format, in folder: Folder) throws -> (model: String, weights: String) {
        func copy(_ name: String) throws -> String {
            let target = folder.path + "/" + name
            try FileManager.default.copyItem(atPath: Fixture.root + "/checkpoints/" + name, toPath: target)
            return target
        }
        let own = folder.path + "/own.safetensors"
        let onnx = folder.path + "/model.onnx"
        func export(_ data: ExternalData) throws {
            let model = try Model.load(Fixture.root + "/checkpoints/tiny-hf-vit")
            try model.onnx(ModelExportOptions(part: .classifier), producerVersion: "test").write(
                to: onnx, externalData: data)
        }
        switch format {
        case .own:
            try Model.load(Fixture.root + "/checkpoints/tiny-hf-vit").write(to: own)
            return (own, own)
        case .timm:
            let target = try copy("tiny-timm-token")
            return (target, target + "/model.safetensors")
        case .sharded:
            let target = try copy("tiny-hf-mae-sharded")
            return (target, target + "/model-00002-of-00003.safetensors")
        case .pth:
            let target = try copy("tiny-mae-pth") + "/checkpoint.pth"
            return (target, target)
        case .onnx:
            try export(.automatic)
            return (onnx, onnx)
        case .onnxExternal:
            try export(.always)
            return (onnx, onnx + ".data")
        case .graph:
            let model = try Model.load(
                Fixture.foreign + "/hf-clip-sdpa-dynamo-18.onnx",
                options: ModelLoadOptions(recipe: RecipeOptions(.name(.hf))))
            try model.write(to: own)
            return (own, own)
        }
    }

    private static func apply(_ change: Change, to path: String) throws {
        let size = try #require(FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
        switch change {
        case .shorten(let sixteenths): #expect(truncate(path, off_t(size * sixteenths / 16)) == 0)
        case .overwrite:
            let handle = try #require(FileHandle(forUpdatingAtPath: path))
            try handle.seek(toOffset: UInt64(size / 2))
            try handle.write(contentsOf: Data(repeating: 0x3D, count: size / 4))
            try handle.close()
        }
    }

    /// - Parameter session: of another load of the file, since a session begins to compute its model's hash.
    private static func take(_ step: Step, _ model: Model, _ session: ModelSession, in folder: Folder) throws {
        let target = folder.path + "/written"
        switch step {
        case .hash: _ = try model.hash
        case .optimise: _ = try ModelSession(model, engine: session.engine)
        case .pack:
            try session.prepare(model.interface.width > 0 ? .embed(nil) : .classify)
        case .convert: try model.write(to: target)
        case .narrow: try model.write(to: target, as: .bf16)
        case .export:
            try model.onnx(ModelExportOptions(part: .encoder), producerVersion: "test").write(
                to: target, externalData: .automatic)
        }
    }

    @Test(
        arguments: Format.allCases,
        [.shorten(0), .shorten(3), .shorten(8), .shorten(13), .overwrite] as [Change])
    func everyStepThatReadsAChangedFileNamesIt(format: Format, change: Change) throws {
        let engine = try Engine(threads: 1)
        for step in Step.allCases {
            let folder = try Folder()
            let (path, weights) = try Self.write(format, in: folder)
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: -86_400)], ofItemAtPath: weights)
            let model = try Model.load(path)
            let session = try ModelSession(try Model.load(path), engine: engine)
            try Self.apply(change, to: weights)
            do {
                try Self.take(step, model, session, in: folder)
                Issue.record("\(step) went on with weights that are no longer there")
            } catch {
                let text = "\(error)"
                #expect(text.contains(URL(fileURLWithPath: weights).lastPathComponent), "\(step): \(text)")
                #expect(text.contains("renaming"), "\(step): \(text)")
                if let error = error as? ModelError { #expect(error.type != "internal", "\(step): \(text)") }
            }
            let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            #expect(!left.contains { $0.hasPrefix("written") || $0.hasSuffix(".tmp") }, "\(step) left \(left)")
        }
    }

    /// Somebody shortens and restores the file all the while.
    @Test(arguments: Format.allCases)
    func loadingWhileTheFileChangesNeverEndsTheProcess(format: Format) async throws {
        let folder = try Folder()
        let (path, weights) = try Self.write(format, in: folder)
        let whole = try Data(contentsOf: URL(fileURLWithPath: weights))
        let engine = try Engine(threads: 1)
        let writer = Task.detached {
            var length = 0
            while !Task.isCancelled {
                truncate(weights, off_t(length % whole.count))
                length += 7919
                if let handle = FileHandle(forUpdatingAtPath: weights) {
                    try? handle.write(contentsOf: whole)
                    try? handle.close()
                }
            }
        }
        for _ in 0..<60 {
            do {
                let session = try ModelSession(try Model.load(path), engine: engine)
                try session.prepare(session.model.interface.width > 0 ? .embed(nil) : .classify)
            } catch {
                #expect(!error.description.isEmpty)
            }
        }
        writer.cancel()
        await writer.value
    }

    // MARK: The hash

    /// One bit of one weight, in every format that states a hash.
    @Test(arguments: [Format.own, .graph, .onnx, .onnxExternal], [0.3, 0.6, 0.95])
    func aStatedHashIsNotBelieved(format: Format, place: Double) throws {
        let folder = try Folder()
        let (path, weights) = try Self.write(format, in: folder)
        let original = try Model.load(path).hash
        var bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: weights)))
        // Behind the header of safetensors, which has its own checks.
        let isSafetensors = weights.hasSuffix("safetensors")
        let start = isSafetensors ? 8 + bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) } : 0
        bytes[start + Int(Double(bytes.count - start) * place)] ^= 1
        try Data(bytes).write(to: URL(fileURLWithPath: weights))
        let model = try Model.load(path)
        if format == .onnx || format == .onnxExternal {
            #expect(try model.hash != original)
            return
        }
        let session = try ModelSession(model, engine: Engine(threads: 1))
        for step in [Step.hash, .pack, .convert, .narrow, .export] {
            let error = #expect(throws: ModelError.self, "\(step)") {
                try Self.take(step, model, session, in: folder)
            }
            #expect(error?.type == "model_altered" && error?.description.contains(path) == true)
            #expect(error?.description.contains(original) == true, "what the file states")
        }
        // A session that nobody prepared answers nothing either.
        let image = try GoldenImage.pixels(for: model.recipe)
        let unprepared = try ModelSession(model, engine: session.engine)
        #expect(throws: ModelError.self) {
            try unprepared.answer(
                [.embed(EmbeddingOptions())], about: [image], masks: [.none(patches: model.interface.patches)])
        }
    }

    @Test func aHashThatWasEditedIsRefused() throws {
        let folder = try Folder()
        let (path, _) = try Self.write(.own, in: folder)
        let file = try TensorFile(path: path)
        var metadata = file.metadata
        metadata["hash"] = String(repeating: "0", count: 64)
        try SafetensorsWriter.write(file.tensors(), metadata: metadata, to: path)
        let error = #expect(throws: ModelError.self) { try Model.load(path).hash }
        #expect(error?.type == "model_altered")
    }
}
