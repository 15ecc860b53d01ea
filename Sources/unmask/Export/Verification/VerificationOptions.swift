import ArgumentParser
import Foundation
import UnmaskModel
import UnmaskONNX
import UnmaskRuntime
import UnmaskWeights

/// Whether and how an exported file is verified before it gets its place.
struct VerificationOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            Run these images through the model and through the written file, as Unmask imports it and, where a Python has \
            them, in onnxruntime and in the target's runtime, converted as its users convert it; report how close they \
            come, keep values in float32 that float16 cannot hold, and write nothing where results are too far apart: \
            more than 1e-4 of the largest number in fp32 or 1e-2 in fp16; in int8 a cosine below 0.99, or on labelled \
            images (a folder of folders, or an IDX file) more than 0.5 points of top-1 lost.
            """, valueName: "DIR|IDX"))
    var verify: String?

    @Option(help: "How many of the images are run, spread over all of them.")
    var verifyImages = 64

    @Option(help: ArgumentHelp("Also write the report as JSON to this file.", valueName: "path"))
    var report: String?

    @Option(
        help: ArgumentHelp(
            "The Python to look for the target's runtime and converter in. Default: python3, where it has them.",
            valueName: "path"))
    var python: String?

    @Flag(
        help: """
            Leave what the file was converted to for the target beside it (.param and .bin, .mnn, .tflite, OpenVINO's .xml \
            and .bin), with the report and the labels.
            """)
    var convert = false

    @OptionGroup var pairing: PairingOptions

    /// Images of a forward pass where the file leaves it open.
    private static let ownBatch = 8

    func validate() throws {
        guard verifyImages > 0 else { throw ValidationError("--verify-images \(verifyImages): expected at least 1") }
        let needs = report != nil || python != nil || convert || pairing.classMap != nil || pairing.folderOrder
        if verify == nil, needs {
            throw ValidationError(
                "--report, --python, --convert, --class-map and --folder-order need --verify with images")
        }
    }

    /// The runtimes to try: onnxruntime and the target's, or those that read everything. OpenVINO does not antialias when it
    /// resizes, so that it is not asked about files that resize images of any size.
    private func runtimes(for target: ExportTarget?, _ options: ModelExportOptions) -> [PythonRuntime] {
        if let target { return [.onnxruntime] + target.runtimes }
        let isOpen = options.preprocesses && options.sourceSize == nil
        return [.onnxruntime] + (isOpen ? [] : [.openvino, .openvinoDefault])
    }

    /// Throws where the file does not pass.
    /// - Parameters:
    ///   - draft: what was written.
    ///   - options: what was asked for.
    ///   - filePrecision: what the file itself has of it.
    func verify(
        _ draft: ExportDraft, _ model: Model, _ options: ModelExportOptions, filePrecision: ExportPrecision,
        target: ExportTarget?, engine: Engine
    ) throws {
        guard let folder = verify else { return }
        // Top-1 is said of classes that exclude one another.
        let hasClasses = options.part == .classifier && model.interface.scores.first == .probabilities
        let samples = try SampleImages(
            folder, model: model, most: verifyImages, keepingSources: options.preprocesses,
            labelledBy: hasClasses ? pairing.rule() : nil)
        let (others, missing) = try backends(draft, options, target)
        let own = EngineBackend(model: draft.path, layout: options.pixelLayout, engine: engine)
        let verification = Verification(
            model: model, options: options, samples: samples, engine: engine, filePrecision: filePrecision)
        var result = try verification.report(file: draft.name, batch: Self.ownBatch, backends: [own] + others)
        result.untried = missing
        Console.result(Console.showsTable ? result.text : result.json)
        if let report { try AtomicFile.save((result.json + "\n").utf8, as: report) }
        guard result.problems.isEmpty else {
            throw ModelError.invalidRequest(
                "\(draft.name) was not written, because it does not compute what the model does: "
                    + result.problems.joined(separator: "; "))
        }
        if convert { try keep(others, result, target, in: draft) }
    }

    /// The runtimes that are there, and what is to be said of those that are not.
    private func backends(
        _ draft: ExportDraft, _ options: ModelExportOptions, _ target: ExportTarget?
    ) throws -> (found: [PythonBackend], missing: [String]) {
        var (found, missing): ([PythonBackend], [String]) = ([], target?.untried.map { [$0] } ?? [])
        for runtime in runtimes(for: target, options) {
            let backend = try PythonBackend(
                runtime, python: python ?? "python3", model: draft.path,
                arguments: target?.converterArguments(options.precision) ?? [])
            if let backend {
                found.append(backend)
            } else {
                missing.append(
                    "\(runtime.label): \(python ?? "python3") lacks \(runtime.modules.joined(separator: " or "))")
            }
        }
        if found.isEmpty, let python {
            throw ModelError.invalidRequest("--python \(python): it does not run, or lacks numpy or onnxruntime")
        }
        if convert, !found.contains(where: { $0.runtime.label != PythonRuntime.onnxruntime.label }) {
            throw ModelError.invalidRequest(
                "--convert: " + (missing.first ?? "give the --target that the file is to be converted for"))
        }
        return (found, missing)
    }

    /// Puts what was converted beside the file.
    private func keep(
        _ backends: [PythonBackend], _ report: VerificationReport, _ target: ExportTarget?, in draft: ExportDraft
    ) throws {
        guard let backend = backends.first(where: { !$0.artefacts.isEmpty }) else {
            throw ModelError.invalidRequest(
                "--convert: \(target?.name ?? "onnxruntime") runs the .onnx file itself; there is nothing to convert it to"
            )
        }
        for path in backend.artefacts {
            let ending = (path as NSString).pathExtension
            try FileManager.default.moveItem(atPath: path, toPath: draft.companion("." + ending))
        }
        try AtomicFile.save((report.json + "\n").utf8, as: draft.companion(".report.json"))
    }
}
