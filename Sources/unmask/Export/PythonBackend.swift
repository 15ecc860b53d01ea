import Foundation
import UnmaskModel
import UnmaskRuntime
import UnmaskWeights

/// Other people's runtimes through a Python that has them: arrays go there and come back as `.npy` files.
struct PythonBackend: VerificationBackend {
    /// A runtime, and how it is asked to compute.
    enum Runtime: CaseIterable {
        case onnxruntime
        /// In the file's own precision.
        case openvino
        /// As it comes: on processors with bfloat16 it rounds to that by itself.
        case openvinoDefault

        fileprivate var package: String { self == .onnxruntime ? "onnxruntime" : "openvino" }

        fileprivate var label: String {
            switch self {
            case .onnxruntime: "onnxruntime"
            case .openvino: "OpenVINO f32"
            case .openvinoDefault: "OpenVINO as it comes"
            }
        }

        /// Makes `run`, which takes inputs by name and gives outputs by name.
        fileprivate var script: String {
            switch self {
            case .onnxruntime:
                """
                import onnxruntime
                options = onnxruntime.SessionOptions()
                options.log_severity_level = 3
                session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
                names = [output.name for output in session.get_outputs()]
                inputs = [input.name for input in session.get_inputs()]
                run = lambda feeds: dict(zip(names, session.run(names, feeds)))
                """
            case .openvino, .openvinoDefault:
                """
                import openvino
                settings = \(self == .openvino ? #"{"INFERENCE_PRECISION_HINT": "f32"}"# : "{}")
                compiled = openvino.Core().compile_model(model, "CPU", settings)
                inputs = [input.get_any_name() for input in compiled.inputs]
                run = lambda feeds: {o.get_any_name(): array for o, array in compiled(feeds).items()}
                """
            }
        }
    }

    let name: String
    let isRounded: Bool
    private let python: String
    private let model: String
    private let runtime: Runtime

    /// Nil where that Python does not run, or lacks the runtime or NumPy.
    init?(_ runtime: Runtime, python: String, model: String) {
        let version = "import numpy, \(runtime.package); print(\(runtime.package).__version__)"
        guard let answer = try? PythonBackend.run(python, ["-c", version]), answer.code == 0 else { return nil }
        // OpenVINO's version has its build behind it.
        let text = answer.output.trimmingCharacters(in: .whitespacesAndNewlines).prefix { $0 != "-" }
        name = "\(runtime.label) \(text)"
        isRounded = runtime == .openvinoDefault
        self.python = python
        self.model = model
        self.runtime = runtime
    }

    /// `N.INPUT.npy` of each batch in, `N.OUTPUT.npy` out.
    private var script: String {
        """
        import sys, numpy
        model, folder, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
        \(runtime.script)
        for batch in range(count):
            feeds = {name: numpy.load(f"{folder}/{batch}.{name}.npy") for name in inputs}
            for name, array in run(feeds).items():
                numpy.save(f"{folder}/{batch}.{name}.npy", numpy.ascontiguousarray(array, dtype=numpy.float32))
        """
    }

    func run(_ batches: [VerificationBatch]) throws -> [[String: [Float]]] {
        let temporary = try TemporaryFolder(named: "unmask-verify")
        defer { withExtendedLifetime(temporary) {} }
        let folder = temporary.path
        for (index, batch) in batches.enumerated() {
            for (name, input) in batch.inputs { try write(input, to: "\(folder)/\(index).\(name).npy") }
        }
        let answer = try Self.run(python, ["-c", script, model, folder, "\(batches.count)"])
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
