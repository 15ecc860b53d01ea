import Foundation
import UnmaskModel
import UnmaskRuntime
import UnmaskService
import UnmaskWeights

/// A runtime through a Python that has it: arrays go there and come back as `.npy` files.
final class PythonBackend: VerificationBackend {
    let name: String
    let runtime: PythonRuntime
    private(set) var milliseconds: Double?
    private let python: String
    private let model: String
    private let arguments: [String]
    private let converted: TemporaryFolder

    /// Whether what it runs is another file than ONNX, whose precision the converter may have changed.
    var isConverted: Bool { runtime.isConverted }
    var isRounded: Bool { runtime.isRounded }
    var isApproximate: Bool { runtime.isApproximate }

    /// Nil where that Python does not run, or lacks the runtime or NumPy.
    /// - Parameter arguments: what the converter is told.
    init?(_ runtime: PythonRuntime, python: String, model: String, arguments: [String] = []) throws {
        let modules = (runtime.modules + ["numpy"]).map { "\"\($0)\"" }.joined(separator: ", ")
        let probe = """
            import importlib.metadata, importlib.util, sys
            missing = [name for name in [\(modules)] if importlib.util.find_spec(name) is None]
            sys.exit(1) if missing else print(importlib.metadata.version("\(runtime.distribution)"))
            """
        guard let answer = try? PythonBackend.run(python, ["-c", probe]), answer.code == 0 else { return nil }
        name = "\(runtime.label) \(answer.output.trimmingCharacters(in: .whitespacesAndNewlines))"
        self.runtime = runtime
        self.python = python
        self.model = model
        self.arguments = arguments
        converted = try TemporaryFolder(named: "unmask-converted")
    }

    /// What the file was converted to: paths of files called `model.` with the runtime's endings.
    var artefacts: [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: converted.path)) ?? []
        return names.sorted().map { converted.path + "/" + $0 }
    }

    func run(_ batches: [VerificationBatch]) throws -> [[String: [Float]]] {
        let temporary = try TemporaryFolder(named: "unmask-verify")
        defer { withExtendedLifetime(temporary) {} }
        let folder = temporary.path
        for (index, batch) in batches.enumerated() {
            for (name, input) in batch.inputs { try write(input, to: "\(folder)/\(index).\(name).npy") }
        }
        let answer = try Self.run(
            python, ["-c", runtime.program, model, folder, "\(batches.count)", wishes(batches)])
        guard answer.code == 0 else {
            throw ModelError.runtime("\(name) does not run the file: \(answer.errors.suffix(2000))")
        }
        let time = "\(folder)/milliseconds.npy"
        if FileManager.default.fileExists(atPath: time) {
            milliseconds = try NPYFile(path: time).tensor.floats()?.first.map(Double.init)
        }
        return try batches.enumerated().map { index, batch in
            var outputs: [String: [Float]] = [:]
            for name in batch.expected.keys {
                outputs[name] = try NPYFile(path: "\(folder)/\(index).\(name).npy").tensor.floats() ?? []
            }
            return outputs
        }
    }

    /// What the program has to know of the file, as JSON.
    private func wishes(_ batches: [VerificationBatch]) -> String {
        let (inputs, outputs) = (
            batches.first?.inputs.keys.map(\.self) ?? [], batches.first?.expected.keys.map(\.self) ?? []
        )
        func inOrder(_ names: [String], _ order: [String]) -> [String] { order.filter(names.contains) }
        return jsonLine { line in
            line.field("folder", converted.path)
            line.key("arguments")
            line.array(of: arguments) { $0.value($1) }
            line.key("inputs")
            line.array(of: inOrder(inputs, [ModelGraph.pixels, ModelGraph.idsKeep, ModelGraph.idsRestore])) {
                $0.value($1)
            }
            line.key("outputs")
            line.array(of: outputs.contains(ModelGraph.mask) ? [ModelGraph.prediction, ModelGraph.mask] : outputs) {
                $0.value($1)
            }
        }
    }

    private func write(_ input: VerificationBatch.Input, to path: String) throws {
        let row = Array(input.shape.dropFirst())
        func write<Number: NPYNumber>(_ values: [Number]) throws {
            let writer = try NPYWriter(path: path, type: Number.elementType, rowShape: row)
            try writer.append(values)
            try writer.finish()
        }
        switch input.values {
        case .u8(let values): try write(values)
        case .f32(let values): try write(values)
        case .i32(let values): try write(values)
        case .i64(let values): try write(values)
        case .bytes(_, let type): throw ModelError.runtime("inputs of type \(type.rawValue) are not verified")
        }
    }

    private static func run(
        _ python: String, _ arguments: [String]
    ) throws -> (code: Int32, output: String, errors: String) {
        let folder = try TemporaryFolder(named: "unmask-python")
        defer { withExtendedLifetime(folder) {} }
        let files = (output: folder.path + "/output", errors: folder.path + "/errors")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [python] + arguments
        // Runtimes print much and at length: files cannot fill up as pipes do.
        for path in [files.output, files.errors] { _ = FileManager.default.createFile(atPath: path, contents: nil) }
        process.standardOutput = FileHandle(forWritingAtPath: files.output)
        process.standardError = FileHandle(forWritingAtPath: files.errors)
        process.standardInput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        func text(_ path: String) -> String {
            String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
        }
        return (process.terminationStatus, text(files.output), text(files.errors))
    }
}
