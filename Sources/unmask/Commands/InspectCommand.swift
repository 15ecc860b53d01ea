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
            memory for activations, and the instruction set in use.
            """)

    @Argument(help: "A checkpoint, or a Hugging Face folder.")
    var model: String

    @OptionGroup var reading: ReadingOptions
    @OptionGroup var running: RunningOptions

    @Flag(help: "One JSON object instead of text.")
    var json = false

    func run() async throws {
        let model = try reading.load(model)
        let engine = try running.engine()
        let session = try ModelSession(model, engine: engine, maximumBatch: running.batch)
        let task: ModelTask = model.hasDecoder ? .reconstruct : model.hasHead ? .classify : .embed(nil)
        let plan = try session.prepare(task, batch: 1)
        let full = try session.prepare(task)
        let report = ModelReport(
            model: model, task: task, plan: plan, arenaBytes: full.arenaBytes, batch: running.batch, engine: engine,
            rewrites: session.rewrites, nonfinite: session.nonfiniteWeights)
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            Console.result(String(decoding: try encoder.encode(report), as: UTF8.self))
        } else {
            Console.result(report.text)
        }
    }
}

/// What `inspect` shows.
struct ModelReport: Encodable {
    struct Step: Encodable {
        let name: String
        let kind: String
        let shape: [Int]
        let flops: Int
    }

    let name: String
    let configuration: ModelConfiguration
    let recipe: String
    let labels: [String]
    let licence: String?
    let hash: String
    let storage: String
    let parameters: Int
    let task: String
    let flopsPerImage: Int
    let passes: [String: Int]
    let steps: [Step]
    let batch: Int
    let arenaBytes: Int
    let instructionSet: String
    let threads: Int
    let nonfiniteWeights: [String]

    init(
        model: Model, task: ModelTask, plan: Plan, arenaBytes: Int, batch: Int, engine: Engine,
        rewrites: [(pass: String, rewrites: Int)], nonfinite: [String]
    ) {
        name = model.name
        configuration = model.configuration
        recipe =
            "\(model.recipe.name.rawValue) \(model.recipe.height)x\(model.recipe.width), "
            + "mean \(model.recipe.mean), std \(model.recipe.std)"
        labels = model.labels
        licence = model.licence
        hash = model.hash
        storage = model.storage.map(\.rawValue).joined(separator: ", ")
        parameters = model.configuration.parameterCount
        switch task {
        case .embed: self.task = "embed"
        case .classify: self.task = "classify"
        case .reconstruct: self.task = "reconstruct"
        }
        flopsPerImage = plan.flops
        passes = Dictionary(uniqueKeysWithValues: rewrites.map { ($0.pass, $0.rewrites) })
        steps = plan.steps.map { Step(name: $0.name, kind: $0.kind, shape: $0.shape, flops: $0.flops) }
        self.batch = batch
        self.arenaBytes = arenaBytes
        instructionSet = engine.instructionSet.rawValue
        threads = engine.threads
        nonfiniteWeights = nonfinite
    }

    var text: String {
        let c = configuration
        var facts = Table(["model", name])
        facts.add([
            "image", "\(c.imageSize[0])x\(c.imageSize[1])x\(c.channels), patch \(c.patchSize), \(c.patches) patches",
        ])
        facts.add([
            "encoder", "width \(c.width), depth \(c.depth), heads \(c.heads), mlp \(c.mlpWidth), eps \(c.normEpsilon)",
        ])
        if let d = c.decoder {
            facts.add([
                "decoder",
                "width \(d.width), depth \(d.depth), heads \(d.heads), mlp \(d.mlpWidth), "
                    + (d.normPix ? "normalised patches" : "pixels"),
            ])
        }
        facts.add(["head", c.classes > 0 ? "\(c.classes) classes on the \(c.pooling.rawValue) token" : "none"])
        facts.add(["recipe", recipe])
        facts.add(["licence", licence ?? "not stated"])
        facts.add(["hash", hash])
        facts.add(["parameters", "\(parameters) as \(storage)"])
        facts.add(["arithmetic", "\(fixed(Double(flopsPerImage) / 1e9, 3)) GFLOP an image to \(task)"])
        facts.add(["arena", "\(fixed(Double(arenaBytes) / 1_048_576, 1)) MiB at batch \(batch)"])
        facts.add(["engine", "\(instructionSet), \(threads) threads"])
        facts.add(["passes", passes.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")])
        if !nonfiniteWeights.isEmpty { facts.add(["NaN or infinite", nonfiniteWeights.joined(separator: ", ")]) }
        var plan = Table(["step", "computes", "shape", "MFLOP", "share"], numeric: [3, 4])
        for step in steps {
            plan.add([
                step.name, step.kind, "\(step.shape)", fixed(Double(step.flops) / 1e6, 2),
                fixed(100 * Double(step.flops) / Double(max(flopsPerImage, 1)), 1) + " %",
            ])
        }
        return facts.text + "\n\n" + plan.text
    }
}
