import ArgumentParser
import UnmaskImage
import UnmaskModel
import UnmaskRuntime

struct QuantizeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quantize",
        abstract: "Round a model's weights to int8, and say what that costs and gains here.",
        discussion: """
            The result is one of Unmask's own checkpoints, about a quarter of the size, and runs in int8 as it comes: in \
            float32 it is no faster. Weights are rounded by rows, activations while they are read, so no data is needed; \
            with --calibrate, channels that stand out are evened out by what they are on those images, and the report is \
            about them. Without --out it only reports.

              unmask quantize models/fashion-vit.safetensors --calibrate photos/ --out vit-int8.safetensors
            """)

    @Argument(help: "A checkpoint, a Hugging Face folder or an ONNX file of a Vision Transformer.")
    var model: String

    @Option(
        help: ArgumentHelp(
            "Images like those that the model will see: a folder or an IDX file.", valueName: "DIR|IDX"))
    var calibrate: String?

    @Option(help: "How many of them are used.")
    var calibrationImages = 128

    @Option(name: [.customShort("o"), .customLong("out")], help: "The .safetensors file to write.")
    var out: String?

    @Option(help: "Threads of the engine. Default: all that this process may use.")
    var threads: Int?

    @Flag(help: "One JSON object, also on a terminal.")
    var json = false

    /// Images of one pass.
    private static let batch = 8

    @OptionGroup var reading: ReadingOptions

    func validate() throws {
        guard calibrationImages > 0 else { throw ValidationError("--calibration-images: expected at least 1") }
    }

    func run() async throws {
        let model = try reading.load(model)
        let engine = try Engine(threads: threads)
        let samples = try calibrate.map { try SampleImages($0, model: model, most: calibrationImages) }
        let images = try samples?.images ?? model.trialImages()
        let reference = try QuantizationTrial(model, images: images, engine: engine, precision: .f32, batch: Self.batch)
        var best: (quantised: QuantisedModel, trial: QuantizationTrial, isSmoothed: Bool)?
        for isSmoothed in [false, true] {
            Console.progress("rounding the weights" + (isSmoothed ? ", channels evened out" : ""))
            let quantised = try model.quantised(
                calibratedOn: samples?.batches(of: Self.batch) ?? [], isSmoothed: isSmoothed, engine: engine)
            let trial = try QuantizationTrial(
                quantised.model, images: images, engine: engine, precision: .int8, batch: Self.batch)
            let cosine = trial.leastCosine(to: reference)
            if best.map({ cosine > $0.trial.leastCosine(to: reference) }) ?? true {
                best = (quantised, trial, isSmoothed)
            }
        }
        Console.endProgress()
        guard let best else { return }
        let report = QuantizationReport(
            model: model, quantised: best.quantised, isSmoothed: best.isSmoothed, images: images.count,
            areSamples: samples != nil, comparisons: best.trial.comparisons(with: reference),
            speedup: try best.trial.speedup(over: reference), precision: best.trial.session.precision)
        if let output = out { try best.quantised.model.write(to: output, golden: true) }
        Console.result(json || !Console.showsTable ? report.json : report.text)
        if let output = out { Console.message("\(output): written") }
    }
}
