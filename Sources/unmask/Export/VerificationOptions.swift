import ArgumentParser
import Foundation
import UnmaskModel
import UnmaskRuntime
import UnmaskWeights

/// Whether and how an exported file is verified before it gets its place.
struct VerificationOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            Run these images through the model and through the written file, as Unmask imports it and, where a Python has \
            onnxruntime or OpenVINO, there (OpenVINO in float32, and as it comes); report how close they come, keep \
            values in float32 that float16 cannot hold, and write nothing where results are too far apart: more than \
            1e-4 of the largest number in fp32 or 1e-2 in fp16; in int8 a cosine below 0.99, or on labelled images (a \
            folder of folders, or an IDX file) more than 0.5 points of top-1 lost.
            """, valueName: "DIR|IDX"))
    var verify: String?

    @Option(help: "How many of the images are run, spread over all of them.")
    var verifyImages = 64

    @Option(help: ArgumentHelp("Also write the report as JSON to this file.", valueName: "path"))
    var report: String?

    @Option(
        help: ArgumentHelp(
            "The Python to look for onnxruntime and OpenVINO in. Default: python3, where it has them.",
            valueName: "path"))
    var python: String?

    /// Images of a forward pass where the file leaves it open.
    private static let ownBatch = 8

    func validate() throws {
        guard verifyImages > 0 else { throw ValidationError("--verify-images \(verifyImages): expected at least 1") }
        if verify == nil, report != nil || python != nil {
            throw ValidationError("--report and --python need --verify with images")
        }
    }

    /// The runtimes to try: the target's, or all. OpenVINO does not antialias when it resizes, so that it is not asked about
    /// files that resize images of any size.
    private func runtimes(for target: ExportTarget?, _ options: ModelExportOptions) -> [PythonBackend.Runtime] {
        PythonBackend.Runtime.allCases.filter { runtime in
            switch runtime {
            case .onnxruntime: true
            case .openvino, .openvinoDefault:
                (target == nil || target == .openvino) && !(options.preprocesses && options.sourceSize == nil)
            }
        }
    }

    /// Throws where the file does not pass.
    /// - Parameters:
    ///   - draft: the file as written.
    ///   - name: what it is going to be called.
    func verify(
        _ draft: String, named name: String, _ model: Model, _ options: ModelExportOptions, target: ExportTarget?,
        engine: Engine
    ) throws {
        guard let folder = verify else { return }
        let samples = try SampleImages(
            folder, model: model, most: verifyImages, keepingSources: options.preprocesses)
        var backends: [any VerificationBackend] = [EngineBackend(model: draft, engine: engine)]
        let others = runtimes(for: target, options).compactMap { runtime in
            PythonBackend(runtime, python: python ?? "python3", model: draft)
        }
        backends += others
        if others.isEmpty, let python {
            throw ModelError.invalidRequest(
                "--python \(python): it does not run, or lacks numpy or onnxruntime (or OpenVINO)")
        } else if others.isEmpty {
            Console.message("python3 has no onnxruntime: verified with Unmask's own engine only (see --python)")
        }
        let verification = Verification(model: model, options: options, samples: samples, engine: engine)
        let result = try verification.report(file: name, batch: Self.ownBatch, backends: backends)
        Console.result(Console.showsTable ? result.text : result.json)
        if let report { try AtomicFile.save((result.json + "\n").utf8, as: report) }
        guard result.problems.isEmpty else {
            throw ModelError.invalidRequest(
                "\(name) was not written, because it does not compute what the model does: "
                    + result.problems.joined(separator: "; "))
        }
    }
}
