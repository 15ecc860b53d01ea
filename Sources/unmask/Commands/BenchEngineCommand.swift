public import ArgumentParser
import Foundation
import UnmaskImage
public import UnmaskModel
import UnmaskRuntime
import UnmaskService

struct BenchEngineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "engine",
        abstract: "Measure a model's forward pass.",
        discussion: """
            Prints the median and best time, images a second, GFLOP/s, and how much that is of the processor's float32 \
            multiply-add peak, measured in the same run. Time is the engine's alone: no decoding, no sockets.
            """)

    @Option(help: ArgumentHelp("A checkpoint, Hugging Face folder or ONNX file.", valueName: "path"))
    var model: String?

    @Option(
        help: ArgumentHelp(
            "Measure an architecture without a file: "
                + NamedArchitecture.allCases.map(\.rawValue).joined(separator: ", ") + ".", valueName: "name"))
    var arch: NamedArchitecture?

    @OptionGroup var reading: ReadingOptions
    @OptionGroup var running: RunningOptions

    @Option(help: ArgumentHelp("Encode only this share of the patches.", valueName: "share"))
    var keep: Double?

    @Option(help: "Passes to measure, after three that are not counted.")
    var rounds = 20

    @Flag(help: "One JSON object, also on a terminal.")
    var json = false

    @Flag(help: "Also show where the time goes, by kind of step.")
    var profile = false

    @Flag(
        help: """
            Print “ready”, then run one pass for every line on standard input and print its seconds: for measuring in \
            turns with other programs.
            """)
    var lockstep = false

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
        let session = try ModelSession(model, engine: running.engine(), maximumBatch: running.batch)
        let patches = model.interface.patches
        let mask = try keep.map { try Mask.random(patches: patches, keeping: $0, seed: 0) } ?? .none(patches: patches)
        let pass = try BenchmarkPass(session: session, batch: session.maximumBatch, mask: mask)
        for _ in 0..<3 { _ = try pass.seconds() }
        if lockstep { return try answerInTurns(pass) }
        let engine = session.engine
        // The clock drifts with load and heat: the peak is sampled between the passes that are held against it.
        var times: [Double] = [], peaks: [Double] = [], steps: [[(step: Plan.Step, seconds: Double)]] = []
        for _ in 0..<rounds {
            peaks.append(engine.measuredPeak(milliseconds: 4))
            times.append(try pass.seconds())
            if profile { steps.append(try pass.profile()) }
        }
        let result = BenchmarkResult(
            model: model.name, batch: session.maximumBatch, tokens: mask.kept + 1, engine: engine,
            flops: pass.plan.flops,
            times: times, peaks: peaks, steps: steps)
        Console.result(json || !Console.showsTable ? result.json : result.text)
    }

    private func answerInTurns(_ pass: BenchmarkPass) throws {
        Console.result("ready")
        while readLine() != nil { Console.result(String(try pass.seconds())) }
    }
}

extension NamedArchitecture: ExpressibleByArgument {}
