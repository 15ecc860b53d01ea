public import ArgumentParser
import Foundation
import UnmaskHeads
import UnmaskImage
public import UnmaskModel
public import UnmaskONNX
import UnmaskRuntime
import UnmaskWeights

struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write a model, or a part of it, as ONNX.",
        discussion: """
            The file holds standard operators only, and in its metadata the recipe, labels, licence and content hash. It \
            takes float32 pixels [B, C, H, W], prepared and normalised by the recipe, or with --preprocess images as \
            they are. `unmask export --target list` says what each target sets, takes and refuses, and why.

              unmask export models/fashion-vit.safetensors -o vit.onnx --target onnxruntime --verify photos/
            """)

    @Argument(help: "The model: a checkpoint of any kind that Unmask reads.")
    var model: String?

    @Option(name: [.customShort("o"), .long], help: "The .onnx file to write.")
    var out: String?

    @Option(
        help: """
            encoder: images to embeddings; classifier: images to logits, with its labels in a .labels.txt beside the \
            file; mae: images, ids_keep and ids_restore to predicted patches and the mask. Default: classifier where the model has a head, else encoder.
            """)
    var part: ModelPart?

    @Option(
        help: ArgumentHelp(
            """
            Put a head that fit made behind the encoder, into the same file: logits of a head that names one class, tag or regress; of \
            segment logits [B, classes, H, W] of the model's own size and grid [B, classes, rows, columns]; of anomaly score [B] and \
            distances [B, rows, columns]; of project its vectors.
            """, valueName: "FILE"))
    var head: String?

    @Option(help: "What the encoder gives: cls, mean or tokens. Default: the model's own.")
    var pooling: Pooling?

    @Flag(help: "Let a classifier give probabilities, in place of logits: the softmax stands in the file.")
    var softmax = false

    @Option(
        help: """
            The runtime that will read the file, which sets what is not set here and refuses what does not run there; \
            list prints them all.
            """)
    var target: TargetChoice?

    @Option(
        help: """
            The operator set, 11 to 23. Later ones have LayerNormalization (17), Gelu (20) and Attention (23) as one \
            operator; earlier ones are read by older runtimes. Default: 17.
            """)
    var opset: Int?

    @Option(help: ArgumentHelp("The images of a batch; dynamic: any number (the default).", valueName: "N|dynamic"))
    var batch: ExportBatch?

    @Option(help: "For mae: how many patches it sees, so that no shape is open; dynamic (the default): any number.")
    var keep: KeptPatches?

    @Option(
        help: """
            fp32 (exact); fp16 (half the size; float32 inputs and outputs, LayerNorm and softmax); int8 (linear layers \
            with 8-bit weights and activations as QDQ, needs --calibrate and opset 13); int8-weights or int4-weights \
            (linear layers whose weights alone are rounded, for size).
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
            recipe: images of any size from opset 18 on (in onnxruntime alone: no other Resize antialiases), or of the \
            size that --source-size gives.
            """)
    var preprocess = false

    @Option(help: "With --preprocess: what samples of 0…255 come as, u8 or f32. Default: the target's, else u8.")
    var input: ExportPreprocessing.Samples?

    @Option(
        help: "The order of the axes of images that come in: nchw, or nhwc, the default with --preprocess.")
    var layout: PixelLayout?

    @Option(
        help: ArgumentHelp(
            "With --preprocess: the one size of the images that come in. Resizing is then two products, for every runtime.",
            valueName: "side|HxW"))
    var sourceSize: ImageSize?

    @Flag(help: "Put weights into a file of their own beside the model, as happens by itself above 1.8 GB.")
    var externalData = false

    @Option(
        help: ArgumentHelp(
            """
            Write a new folder in the place of one file: the file, labels, how pictures are prepared as plain JSON, a \
            picture with the answer that is expected, and programs in Python, C++ and JavaScript that come to it.
            """, valueName: "folder"))
    var kit: String?

    @OptionGroup var verification: VerificationOptions

    @Option(help: "Threads of the engine, for --calibrate and --verify. Default: all that this process may use.")
    var threads: Int?

    /// Images of a forward pass of Unmask's own engine.
    private static let ownBatch = 8

    @OptionGroup var reading: ReadingOptions

    func validate() throws {
        if case .list = target { return }
        guard model != nil else { throw ValidationError("Missing expected argument '<model>'") }
        guard (out != nil) != (kit != nil) else {
            throw ValidationError("expected either --out with the file to write, or --kit with the folder")
        }
        if let opset, !ONNXOpset.range.contains(opset) {
            throw ValidationError("--opset \(opset): expected 11 to 23")
        }
        guard calibrationImages > 0 else { throw ValidationError("--calibration-images: expected at least 1") }
        if calibrate != nil, precision != .int8 {
            throw ValidationError(
                "--calibrate is for --precision int8; \((precision ?? .fp32).rawValue) needs no images to be calibrated"
            )
        }
        if sourceSize != nil, !preprocess { throw ValidationError("--source-size needs --preprocess") }
        if input != nil, !preprocess {
            throw ValidationError("--input needs --preprocess; without, pixels are float32")
        }
        if softmax, let part, part != .classifier { throw ValidationError("--softmax needs --part classifier") }
        if softmax, pooling != nil { throw ValidationError("--softmax is a classifier's, and --pooling an encoder's") }
        if head != nil, pooling != nil || part == .mae {
            throw ValidationError("--head: the head says what it reads; leave out --pooling and --part mae")
        }
        if keep != nil, part != .mae { throw ValidationError("--keep needs --part mae") }
        if pooling != nil, let part, part != .encoder { throw ValidationError("--pooling needs --part encoder") }
    }

    func run() async throws {
        if case .list = target { return Console.result(TargetList.text) }
        guard let path = model, let named = out ?? kit.map({ $0 + "/" + ExportKit.modelName }) else { return }
        let (backbone, target) = (try reading.load(path), row)
        let fitted = try head.map { try (name: $0, head: Head(path: $0)) }
        let model =
            if let fitted, fitted.head.isLayer { try fitted.head.attached(to: backbone, name: fitted.name) } else {
                backbone
            }
        var options = try settings(
            for: model, encodes: fitted.map { $0.head.kind == .project || !$0.head.isLayer } ?? false)
        if let fitted, !fitted.head.isLayer { options.tail = try fitted.head.exportTail(on: model, name: fitted.name) }
        try refuseBesideTail(options)
        try target?.check(options, converts: verification.convert)
        let asked = options
        options.precision = target?.filePrecision(asked.precision) ?? asked.precision
        if options.precision == .int8 {
            let calibrated = try calibrated(model)
            (options.activationRanges, options.channelPeaks) = (calibrated.activationRanges, calibrated.channelPeaks)
        }
        if options.precision == .fp16 { options.float32Values = try overflowing(model, options) }
        let export = try model.onnx(options, producerVersion: Unmask.version)
        if kit != nil { try ExportKit.check(options, model.recipe) }
        let folder = try kit.map { try KitFolder(for: $0) }
        let place = folder.map { $0.path + "/" + ExportKit.modelName } ?? named
        let draft = try ExportDraft(for: place, named: named)
        try export.write(to: draft.path, externalData: externalData ? .always : .automatic)
        try verification.verify(
            draft, model, asked, filePrecision: options.precision, target: target, engine: Engine(threads: threads))
        if target?.writesScript == true {
            let script = CoreMLScript.text(model: URL(fileURLWithPath: place).lastPathComponent)
            try AtomicFile.save(script.utf8, as: draft.companion(CoreMLScript.ending))
        }
        let classes =
            fitted?.head.kind == .segment ? fitted?.head.labels ?? [] : options.part == .classifier ? model.labels : []
        if folder == nil, !classes.isEmpty {
            let labels = classes.joined(separator: "\n") + "\n"
            try AtomicFile.save(labels.utf8, as: draft.companion(".labels.txt"))
        }
        try draft.publish()
        if let folder {
            let kit = ExportKit(model: model, options: options, engine: try Engine(threads: threads))
            try kit.write(to: folder.path)
            try folder.publish()
        }
        let operators = export.operatorCounts.values.reduce(0, +)
        let what = options.tail?.outputs.joined(separator: " and ") ?? options.part.rawValue
        Console.message(
            "\(named): \(what), \(options.precision.rawValue), opset \(options.opset), \(operators) nodes, "
                + "\(fixed(Double(export.weightBytes) / 1_048_576, 1)) MiB of weights")
    }

    /// What is about a part's own outputs means nothing where a head that answers of every place stands behind the tokens.
    private func refuseBesideTail(_ options: ModelExportOptions) throws {
        guard options.tail != nil else { return }
        let said: [(String, Bool)] = [
            ("--part", part != nil), ("--softmax", softmax), ("--kit", kit != nil),
            ("--verify", verification.verify != nil),
        ]
        guard let option = said.first(where: \.1)?.0 else { return }
        throw ValidationError(
            "\(option): not with a head that answers of every place, whose outputs are its own; leave it out")
    }

    private var row: ExportTarget? { if case .target(let target)? = target { target } else { nil } }

    /// What was asked for, then what the target wants, then the defaults.
    /// - Parameter encodes: whether a head is behind the encoder that gives no logits.
    private func settings(for model: Model, encodes: Bool) throws -> ModelExportOptions {
        let part = part ?? (model.hasHead && pooling == nil && !encodes ? .classifier : .encoder)
        let target = row
        if let opset, let target, let most = target.latestOpset, opset > most {
            Console.warning("--opset \(opset): \(target.name) is known to read up to \(most)")
        }
        let precision = precision ?? .fp32
        var opset = opset ?? target?.opset ?? ONNXOpset.standard
        if self.opset == nil, preprocess, sourceSize == nil { opset = max(opset, 18) }
        var options = ModelExportOptions(
            part: part, pooling: pooling, opset: opset, batch: (batch ?? target?.batch)?.count, precision: precision,
            preprocesses: preprocess, sourceSize: sourceSize?.sides)
        guard !softmax || part == .classifier else {
            throw ValidationError("--softmax: \(model.name) has no head")
        }
        options.givesProbabilities = softmax
        options.kept = keep?.count
        options.samples = input ?? target?.samples ?? .u8
        options.layout = layout ?? (preprocess ? target?.layout : nil)
        return options
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

    private func calibrated(_ model: Model) throws -> Calibrated {
        guard let calibrate else {
            throw ValidationError("--precision int8 needs --calibrate with images like those the model will see")
        }
        let images = try SampleImages(calibrate, model: model, most: calibrationImages)
        Console.progress("calibrating on \(images.count) images")
        defer { Console.endProgress() }
        let calibration = try Calibration(model, engine: Engine(threads: threads))
        return try calibration.measure(images.batches(of: Self.ownBatch), method: self.calibration.method)
    }
}

extension ModelPart: ExpressibleByArgument {}
extension ExportPrecision: ExpressibleByArgument {}
extension PixelLayout: ExpressibleByArgument {}
extension ExportPreprocessing.Samples: ExpressibleByArgument {}
