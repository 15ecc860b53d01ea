import ArgumentParser
import Foundation
import UnmaskModel
import UnmaskRuntime

struct InspectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show what a model is and how it will run.",
        discussion: """
            Configuration, parameters, arithmetic of one image, the plan's fused steps with their share of it, the \
            memory for activations, and the instruction set in use. Of an ONNX file also its operator set, producer, \
            inputs and outputs.

              unmask inspect models/fashion-mae.safetensors --precision int8
            """)

    @Argument(help: "A checkpoint, a Hugging Face folder or an ONNX file.")
    var model: String

    @Flag(help: "Also show what was fused, and what runs on plain kernels with its share of the work.")
    var explain = false

    @Flag(help: "One JSON object instead of text.")
    var json = false

    @OptionGroup var reading: ReadingOptions
    @OptionGroup var running: RunningOptions

    func run() async throws {
        // What there is to say of the reading is part of the report.
        let model = try reading.read(model)
        let engine = try running.engine()
        let session = try running.session(model, engine: engine)
        let task: ModelTask = model.hasDecoder ? .reconstruct : model.hasHead ? .classify : .embed(nil)
        let plan = try session.prepare(task, batch: 1)
        let full = try session.prepare(task)
        let report = try ModelReport(
            model: model, task: task, plan: plan, arenaBytes: full.arenaBytes, batch: session.maximumBatch,
            engine: engine, precision: session.precision,
            weightBytes: session.weightBytes, weightsFromCache: session.readsKeptWeights,
            rewrites: session.rewrites, nonfinite: session.nonfiniteWeights,
            explanation: explain ? try session.fusionReport(task) : nil)
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            Console.result(String(decoding: try encoder.encode(report), as: UTF8.self))
        } else {
            Console.result(report.text)
        }
    }
}
