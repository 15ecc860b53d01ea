import Foundation
import UnmaskModel
import UnmaskRuntime
import UnmaskWeights

/// onnxruntime through a Python that has it: arrays go there and come back as `.npy` files.
struct PythonBackend: VerificationBackend {
    let name: String
    private let python: String
    private let model: String

    /// Nil where that Python does not run, or lacks onnxruntime or NumPy.
    init?(python: String, model: String) {
        let version = "import numpy, onnxruntime; print(onnxruntime.__version__)"
        guard let answer = try? PythonBackend.run(python, ["-c", version]), answer.code == 0 else { return nil }
        name = "onnxruntime " + answer.output.trimmingCharacters(in: .whitespacesAndNewlines)
        self.python = python
        self.model = model
    }

    /// `N.INPUT.npy` of each batch in, `N.OUTPUT.npy` out.
    private static let script = """
        import sys, numpy, onnxruntime
        model, folder, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        names = [output.name for output in session.get_outputs()]
        for batch in range(count):
            inputs = {i.name: numpy.load(f"{folder}/{batch}.{i.name}.npy") for i in session.get_inputs()}
            for name, array in zip(names, session.run(names, inputs)):
                numpy.save(f"{folder}/{batch}.{name}.npy", numpy.ascontiguousarray(array, dtype=numpy.float32))
        """

    func run(_ batches: [VerificationBatch]) throws -> [[String: [Float]]] {
        let folder = NSTemporaryDirectory() + "unmask-verify-" + UUID().uuidString
        TemporaryPaths.add(folder)
        defer {
            try? FileManager.default.removeItem(atPath: folder)
            TemporaryPaths.forget(folder)
        }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for (index, batch) in batches.enumerated() {
            for (name, input) in batch.inputs { try write(input, to: "\(folder)/\(index).\(name).npy") }
        }
        let answer = try Self.run(python, ["-c", Self.script, model, folder, "\(batches.count)"])
        guard answer.code == 0 else {
            throw ModelError.runtime("\(name) does not run the file: \(answer.errors.suffix(2000))")
        }
        return try batches.enumerated().map { index, batch in
            var outputs: [String: [Float]] = [:]
            for name in batch.expected.keys {
                outputs[name] = try NPYFile(path: "\(folder)/\(index).\(name).npy").tensor.floats() ?? []
            }
            return outputs
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
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [python] + arguments
        let (out, errors) = (Pipe(), Pipe())
        process.standardOutput = out
        process.standardError = errors
        process.standardInput = FileHandle.nullDevice
        try process.run()
        // The script prints next to nothing, so one pipe after the other cannot block.
        let output = String(decoding: out.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let message = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, output, message)
    }
}
