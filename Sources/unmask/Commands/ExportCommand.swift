public import ArgumentParser
import Foundation
import UnmaskImage
public import UnmaskModel
public import UnmaskONNX
import UnmaskRuntime

struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write a model, or a part of it, as ONNX.",
        discussion: """
            The file holds standard operators only, and in its metadata the recipe, labels, licence and content hash. It \
            takes float32 pixels [B, C, H, W], prepared and normalised by the recipe, or with --preprocess images as \
            they are. docs/onnx-export.md says what each target runs and why.
            """)

    @Argument(help: "The model: a checkpoint of any kind that Unmask reads.")
    var model: String

    @Option(name: [.customShort("o"), .long], help: "The .onnx file to write.")
    var out: String

    @Option(
        help: """
            encoder: images to embeddings; classifier: images to logits; mae: images, ids_keep and ids_restore to \
            predicted patches and the mask. Default: classifier where the model has a head, else encoder.
            """)
    var part: ModelPart?

    @Option(help: "What the encoder gives: cls, mean or tokens. Default: the model's own.")
    var pooling: Pooling?

    @Option(
        help: """
            The runtime that will read the file, which sets what is not set here: onnxruntime, onnxruntime-web, openvino, \
            tflite-converter, opencv.
            """)
    var target: ExportTarget?

    @Option(
        help: """
            The operator set, 11 to 23. Later ones have LayerNormalization (17), Gelu (20) and Attention (23) as one \
            operator; earlier ones are read by older runtimes. Default: 17.
            """)
    var opset: Int?

    @Option(help: ArgumentHelp("The images of a batch; dynamic: any number (the default).", valueName: "N|dynamic"))
    var batch: ExportBatch?

    @Option(
        help: """
            fp32 (exact), fp16 (half the size; float32 inputs and outputs, LayerNorm and softmax), or int8 (a quarter; \
            8-bit linear layers as QDQ, needs --calibrate and opset 13).
            """)
    var precision: ExportPrecision?

    @Option(
        help: ArgumentHelp(
            "For int8: images like those the model will see, 100 or so; a folder, or an IDX file.", valueName: "DIR|IDX"
        ))
    var calibrate: String?

    @Option(help: "For int8: how many of the images are used, spread over all of them.")
    var calibrationImages = 128

    @Option(
        help: ArgumentHelp(
            """
            For int8: min-max, or the share of activations cut off at each end, such as 0.0001. Fewer outliers leave \
            finer steps to the rest.
            """, valueName: "min-max|share"))
    var calibration: CalibrationOption = CalibrationOption()

    @Flag(
        help: """
            Take images as bytes [B, height, width, C], and resize, crop and normalise them inside the graph by the \
            recipe: images of any size from opset 18 on (not for OpenVINO, whose Resize does not antialias), or of the \
            size that --source-size gives.
            """)
    var preprocess = false

    @Option(
        help: ArgumentHelp(
            "With --preprocess: the one size of the images that come in. Resizing is then two products, for every runtime.",
            valueName: "side|HxW"))
    var sourceSize: ImageSize?

    @Flag(help: "Put weights into a file of their own beside the model, as happens by itself above 1.8 GB.")
    var externalData = false

    @OptionGroup var verification: VerificationOptions
    @OptionGroup var reading: ReadingOptions

    @Option(help: "Threads of the engine, for --calibrate and --verify. Default: all that this process may use.")
    var threads: Int?

    /// Images of a forward pass of Unmask's own engine.
    private static let ownBatch = 8

    func validate() throws {
        if let opset, !ONNXOpset.range.contains(opset) {
            throw ValidationError("--opset \(opset): expected 11 to 23")
        }
        guard calibrationImages > 0 else { throw ValidationError("--calibration-images: expected at least 1") }
        if calibrate != nil, precision != .int8 {
            throw ValidationError(
                "--calibrate is for --precision int8; \((precision ?? .fp32).rawValue) needs no images to be calibrated"
            )
        }
        if target == .openvino, preprocess, sourceSize == nil {
            throw ValidationError(
                "--target openvino --preprocess needs --source-size: OpenVINO's Resize does not antialias, so that images "
                    + "of any size would come out wrong; give the one size of the images that come in")
        }
        if sourceSize != nil, !preprocess { throw ValidationError("--source-size needs --preprocess") }
        if pooling != nil, let part, part != .encoder { throw ValidationError("--pooling needs --part encoder") }
    }

    func run() async throws {
        let model = try reading.load(model)
        var options = try settings(for: model)
        if options.precision == .int8 { options.activationRanges = try await calibrationRanges(model) }
        if options.precision == .fp16 { options.float32Values = try overflowing(model, options) }
        let export = try model.onnx(options, producerVersion: Unmask.version)
        let draft = try ExportDraft(for: out)
        try export.write(to: draft.path, externalData: externalData ? .always : .automatic)
        try verification.verify(
            draft.path, named: out, model, options, target: target, engine: Engine(threads: threads))
        try draft.publish()
        let operators = export.operatorCounts.values.reduce(0, +)
        Console.message(
            "\(out): \(options.part.rawValue), \(options.precision.rawValue), opset \(options.opset), \(operators) nodes, "
                + "\(fixed(Double(export.weightBytes) / 1_048_576, 1)) MiB of weights")
    }

    /// What was asked for, then what the target wants, then the defaults.
    private func settings(for model: Model) throws -> ModelExportOptions {
        let part = part ?? (model.hasHead && pooling == nil ? .classifier : .encoder)
        if let opset, let most = target?.latestOpset, opset > most, let target {
            Console.warning("--opset \(opset): \(target.rawValue) is known to read up to \(most)")
        }
        let precision = precision ?? .fp32
        var opset = opset ?? target?.opset ?? ONNXOpset.standard
        if self.opset == nil, preprocess, sourceSize == nil { opset = max(opset, 18) }
        return ModelExportOptions(
            part: part, pooling: pooling, opset: opset, batch: (batch ?? target?.batch)?.count, precision: precision,
            preprocesses: preprocess, sourceSize: sourceSize?.sides)
    }

    /// The values that float16 cannot hold on the images of `--verify`, which stay float32; none without images.
    private func overflowing(_ model: Model, _ options: ModelExportOptions) throws -> Set<String> {
        guard let images = verification.verify else { return [] }
        let watch = try HalfRange(model, options, engine: Engine(threads: threads))
        let samples = try SampleImages(
            images, model: model, most: verification.verifyImages, keepingSources: options.preprocesses)
        let found = try watch.overflowing(samples)
        for (name, largest) in found.sorted(by: { $0.value > $1.value }) {
            Console.warning("\(name) reaches \(largest), which float16 does not hold: it is kept in float32")
        }
        return Set(found.keys)
    }

    private func calibrationRanges(_ model: Model) async throws -> [String: ClosedRange<Float>] {
        guard let calibrate else {
            throw ValidationError("--precision int8 needs --calibrate with images like those the model will see")
        }
        let images = try SampleImages(calibrate, model: model, most: calibrationImages)
        Console.progress("calibrating on \(images.count) images")
        defer { Console.endProgress() }
        let calibration = try Calibration(model, engine: Engine(threads: threads))
        return try calibration.ranges(images.batches(of: Self.ownBatch), method: self.calibration.method)
    }
}

extension ModelPart: ExpressibleByArgument {}
extension ExportPrecision: ExpressibleByArgument {}
