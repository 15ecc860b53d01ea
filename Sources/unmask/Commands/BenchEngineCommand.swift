public import ArgumentParser
import Foundation
import UnmaskGraph
import UnmaskImage
public import UnmaskModel
import UnmaskRuntime
import UnmaskService

struct BenchEngineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "engine",
        abstract: "Measure a model's forward pass.",
        discussion: """
            Prints the median and best time, images a second, GFLOP/s, and how much that is of the processor's \
            multiply-add peak in the arithmetic of each product, measured in the same run. Time is the engine's alone: no decoding, no sockets. \
            With --merge the same pass without runs in turns with it.

              unmask bench engine --model models/fashion-vit.safetensors --batch 8 --profile
            """)

    @Option(help: ArgumentHelp("A checkpoint, Hugging Face folder or ONNX file.", valueName: "path"))
    var model: String?

    @Option(
        help: ArgumentHelp(
            "Measure an architecture without a file: "
                + NamedArchitecture.allCases.map(\.rawValue).joined(separator: ", ") + ".", valueName: "name"))
    var arch: NamedArchitecture?

    @Option(help: ArgumentHelp("Encode only this share of the patches.", valueName: "share"))
    var keep: Double?

    @Option(help: "Measure this vector, and not what the model is for.")
    var pooling: UnmaskModel.Pooling?

    @Option(help: "Passes to measure, after three that are not counted.")
    var rounds = 20

    @Flag(help: "One JSON object, also on a terminal.")
    var json = false

    @Flag(help: "Also show where the time goes, by kind of step.")
    var profile = false

    @Flag(
        help: """
            Print “first” with the first result and “ready” when warm, then run one pass for every line on standard \
            input and print its seconds: for measuring in turns with other programs.
            """)
    var lockstep = false

    @OptionGroup var reading: ReadingOptions
    @OptionGroup var running: RunningOptions

    func validate() throws {
        guard (model == nil) != (arch == nil) else { throw ValidationError("give one of --model and --arch") }
        guard rounds > 0 else { throw ValidationError("--rounds \(rounds): expected at least 1") }
    }

    func run() async throws {
        let model =
            if let path = self.model {
                try reading.load(path)
            } else {
                try Model.synthetic((arch ?? .vitBase16).configuration, name: (arch ?? .vitBase16).rawValue)
            }
        // Figures are not to depend on what ran before, unless that is what is measured.
        let session = try running.session(model, usesCache: running.keeping.cache != nil)
        let patches = model.interface.patches
        let mask = try keep.map { try Mask.random(patches: patches, keeping: $0, seed: 0) } ?? .none(patches: patches)
        let pass = try BenchmarkPass(session: session, batch: session.maximumBatch, mask: mask, pooling: pooling)
        // What merging is held against.
        let whole =
            session.merge == 0
            ? nil
            : try BenchmarkPass(
                session: session.merging(0), batch: session.maximumBatch, mask: mask, pooling: pooling)
        _ = try pass.seconds()
        if lockstep { Console.result("first") }
        for _ in 0..<2 { _ = (try pass.seconds(), try whole?.seconds()) }
        if lockstep { return try await answerInTurns { try pass.seconds() } }
        let engine = session.engine
        // The clock drifts with load and heat: the peak is sampled between the passes that are held against it.
        var times: [Double] = [], peaks: [[Arithmetic: Double]] = [], steps: [[(step: Plan.Step, seconds: Double)]] = []
        var wholeTimes: [Double] = []
        for _ in 0..<rounds {
            if let whole { wholeTimes.append(try whole.seconds()) }
            peaks.append(
                Dictionary(
                    uniqueKeysWithValues: pass.plan.arithmetics.map {
                        ($0, engine.measuredPeak($0, milliseconds: 4))
                    }))
            times.append(try pass.seconds())
            if profile { steps.append(try pass.profile()) }
        }
        let result = BenchmarkResult(
            model: model.name, batch: session.maximumBatch, tokens: model.interface.prefix + mask.kept,
            session: session, plan: pass.plan, times: times, wholeTimes: wholeTimes, peaks: peaks, steps: steps)
        if !json, Console.showsTable, session.precision == .f32 { Console.message("note: \(engine.lowerPrecisions)") }
        Console.result(json || !Console.showsTable ? result.json : result.text)
    }
}

extension NamedArchitecture: ExpressibleByArgument {}
