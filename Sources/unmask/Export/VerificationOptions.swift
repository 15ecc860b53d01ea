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
            onnxruntime, there; report how close they come, and write nothing where they are too far apart: more than \
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
            "The Python to look for onnxruntime in. Default: python3, where it has it.", valueName: "path"))
    var python: String?

    /// Images of a forward pass where the file leaves it open.
    private static let ownBatch = 8

    func validate() throws {
        guard verifyImages > 0 else { throw ValidationError("--verify-images \(verifyImages): expected at least 1") }
        if verify == nil, report != nil || python != nil {
            throw ValidationError("--report and --python need --verify with images")
        }
    }

    /// Throws where the file does not pass.
    /// - Parameters:
    ///   - draft: the file as written.
    ///   - name: what it is going to be called.
    func verify(
        _ draft: String, named name: String, _ model: Model, _ options: ModelExportOptions, engine: Engine
    ) throws {
        guard let folder = verify else { return }
        let samples = try SampleImages(
            folder, model: model, most: verifyImages, keepingSources: options.preprocesses)
        var backends: [any VerificationBackend] = [EngineBackend(model: draft, engine: engine)]
        if let other = PythonBackend(python: python ?? "python3", model: draft) {
            backends.append(other)
        } else if let python {
            throw ModelError.invalidRequest("--python \(python): it does not run, or lacks onnxruntime or numpy")
        } else {
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
