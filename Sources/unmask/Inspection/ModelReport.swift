import UnmaskGraph
import UnmaskImage
import UnmaskModel
import UnmaskRuntime

/// What `inspect` shows.
struct ModelReport: Encodable {
    struct Step: Encodable {
        let name: String
        let kind: String
        let shape: [Int]
        let flops: Int
        /// Of a product.
        let kernel: String?
        /// Of an int8 product: `rows`, each by a scale of its own, or the file's: `u8, scale 0.02, zero point 131`.
        let grid: String?

        init(_ step: Plan.Step) {
            (name, kind, shape, flops, kernel) = (step.name, step.kind, step.shape, step.flops, step.kernel?.name)
            let stated = step.grid.map {
                "\($0.type.rawValue), scale \($0.scale), zero point \($0.zeroPoint)"
            }
            grid = step.arithmetic == .i8 ? stated ?? "rows" : nil
        }

        /// `i8`, with whose grid.
        var arithmetic: String {
            guard let kernel else { return "" }
            let name = String(kernel.split(separator: "_")[1])
            return grid.map { $0 == "rows" ? "\(name), rows' own grid" : "\(name), the file's grid" } ?? name
        }
    }

    let name: String
    /// Of a Vision Transformer; absent for a graph of another kind.
    let configuration: ModelConfiguration?
    let imageSize: [Int]
    let channels: Int
    /// Of an ONNX file.
    let imported: ImportedFile?
    /// Which of the file's state dicts this is; absent where the format holds one model.
    let stateDict: StateDictChoice?
    /// What was assumed or left out, each with what would say otherwise.
    let notes: [String]
    /// With `--explain`.
    let explanation: FusionReport?
    /// What each pooling gives of one image.
    let embeddings: [String: String]
    let pooling: String
    let classes: Int
    let recipe: Recipe
    /// Each member of the recipe, and who said it.
    let recipeOrigins: [String: String]
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
    /// Of packed weights.
    let weightBytes: Int
    /// Whether an earlier start packed them.
    let weightsFromCache: Bool
    let instructionSet: String
    /// What the processor has.
    let features: [String]
    /// Whether products use AMX, and why not.
    let tileRegisters: String
    /// What products are computed in.
    let precision: String
    let threads: Int
    let nonfiniteWeights: [String]

    init(
        model: Model, task: ModelTask, plan: Plan, arenaBytes: Int, batch: Int, engine: Engine, precision: Precision,
        weightBytes: Int, weightsFromCache: Bool, rewrites: [(pass: String, rewrites: Int)], nonfinite: [String],
        explanation: FusionReport?
    ) throws {
        name = model.name
        configuration = model.configuration
        imported = model.imported
        stateDict = model.stateDict
        notes = model.notes
        self.explanation = explanation
        imageSize = model.interface.imageSize
        channels = model.interface.channels
        embeddings = Dictionary(
            uniqueKeysWithValues: model.interface.shapes.map { ($0.key.rawValue, $0.value.description) })
        pooling = model.interface.pooling.rawValue
        classes = model.interface.classes
        recipe = model.recipe
        recipeOrigins = Dictionary(uniqueKeysWithValues: model.recipeOrigins.map { ($0.member, $0.source) })
        labels = model.labels
        licence = model.licence
        hash = try model.hash
        storage = model.storage.map(\.rawValue).joined(separator: ", ")
        parameters = model.parameterCount
        switch task {
        case .embed: self.task = "embed"
        case .classify: self.task = "classify"
        case .reconstruct: self.task = "reconstruct"
        }
        flopsPerImage = plan.flops
        passes = Dictionary(uniqueKeysWithValues: rewrites.map { ($0.pass, $0.rewrites) })
        steps = plan.steps.map(Step.init)
        self.batch = batch
        self.arenaBytes = arenaBytes
        self.weightBytes = weightBytes
        self.weightsFromCache = weightsFromCache
        instructionSet = engine.instructionSet.rawValue
        features = ProcessorFeatures.detected.names
        tileRegisters = engine.tileRegisters.description
        self.precision = precision.rawValue
        threads = engine.threads
        nonfiniteWeights = nonfinite
    }

    var text: String {
        var facts = Table(["model", name])
        if let imported { describe(imported, in: &facts) }
        if let stateDict {
            facts.add(["state dict", "\(stateDict.key), in \(stateDict.layout)'s names"])
            if !stateDict.left.isEmpty { facts.add(["left", stateDict.left.joined(separator: ", ")]) }
        }
        if let configuration { describe(configuration, in: &facts) } else { describeGraph(in: &facts) }
        describe(recipe, in: &facts)
        facts.add(["licence", licence ?? "not stated"])
        facts.add(["hash", hash])
        facts.add(["parameters", "\(parameters) as \(storage)"])
        facts.add(["arithmetic", "\(fixed(Double(flopsPerImage) / 1e9, 3)) GFLOP an image to \(task)"])
        facts.add(["arena", "\(fixed(Double(arenaBytes) / 1_048_576, 1)) MiB at batch \(batch)"])
        facts.add([
            "packed weights",
            "\(fixed(Double(weightBytes) / 1_048_576, 1)) MiB" + (weightsFromCache ? " from the cache" : ""),
        ])
        facts.add(["engine", "\(precision), \(instructionSet), \(threads) threads"])
        facts.add([
            "processor", features.isEmpty ? "nothing that kernels are written for" : features.joined(separator: " "),
        ])
        facts.add(["tile registers (AMX)", tileRegisters])
        facts.add(["kernels", Set(steps.compactMap(\.kernel)).sorted().joined(separator: ", ")])
        facts.add(["passes", passes.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")])
        if !nonfiniteWeights.isEmpty { facts.add(["NaN or infinite", nonfiniteWeights.joined(separator: ", ")]) }
        var plan = Table(["step", "computes", "shape", "MFLOP", "share", "in"], numeric: [3, 4])
        for step in steps {
            plan.add([
                step.name, step.kind, "\(step.shape)", fixed(Double(step.flops) / 1e6, 2),
                fixed(100 * Double(step.flops) / Double(max(flopsPerImage, 1)), 1) + " %",
                step.arithmetic,
            ])
        }
        let remarks = notes.isEmpty ? nil : notes.map { "note: \($0)" }.joined(separator: "\n")
        let ends = explanation == nil ? nil : imported.map { describe($0.ends) }
        return [facts.text, remarks, ends, explanation?.description, plan.text].compactMap(\.self)
            .joined(separator: "\n\n")
    }

    /// What was taken for the model's ends, by which evidence, and what was not.
    private func describe(_ ends: EndReport) -> String {
        var table = Table(["end", "value", "because"])
        for choice in ends.chosen { table.add([choice.end, choice.value, choice.evidence]) }
        for passed in ends.passedOver { table.add(["passed over", passed.value, passed.reason]) }
        return table.text
    }

    private func describe(_ file: ImportedFile, in facts: inout Table) {
        let opsets = file.opsets.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        let kind = configuration == nil ? "a graph" : "read as a Vision Transformer"
        facts.add(["ONNX", "opset \(opsets), IR \(file.irVersion), \(file.nodes) nodes, \(kind)"])
        facts.add(["producer", file.producer.isEmpty ? "not stated" : file.producer])
        facts.add(["inputs", file.inputs.joined(separator: ", ")])
        facts.add(["outputs", file.outputs.joined(separator: ", ")])
        facts.add([
            "raised",
            file.raised.filter { $0.value > 0 }.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(
                separator: ", "),
        ])
    }

    /// The whole recipe, and where each member came from.
    private func describe(_ recipe: Recipe, in facts: inout Table) {
        facts.add(["recipe", recipe.label])
        func add(_ members: [String], _ value: String) {
            let sources = members.compactMap { recipeOrigins[$0] }
            facts.add(["  " + members.joined(separator: ", "), value + (sources.first.map { "  (\($0))" } ?? "")])
        }
        add(["resize"], recipe.resize.description)
        add(["filter"], recipe.filter.rawValue)
        add(["crop"], recipe.crop?.description ?? "none")
        add(["rescale"], "\(recipe.rescale)")
        if recipe.offset != 0 { add(["offset"], "\(recipe.offset)") }
        if recipe.order != .rgb { add(["order"], recipe.order.rawValue) }
        add(["mean"], recipe.mean.map { "\($0)" }.joined(separator: ", "))
        add(["std"], recipe.std.map { "\($0)" }.joined(separator: ", "))
    }

    private func describe(_ c: ModelConfiguration, in facts: inout Table) {
        facts.add([
            "image", "\(c.imageSize[0])x\(c.imageSize[1])x\(c.channels), patch \(c.patchSize), \(c.patches) patches",
        ])
        let attention = c.composition.trunk == nil ? "heads \(c.heads), " : ""
        facts.add([
            "encoder", "width \(c.width), depth \(c.depth), \(attention)mlp \(c.mlpWidth), eps \(c.normEpsilon)",
        ])
        let pieces = c.composition.pieces
        if !pieces.isEmpty { facts.add(["pieces", pieces.joined(separator: ", ")]) }
        if let d = c.decoder {
            facts.add([
                "decoder",
                "width \(d.width), depth \(d.depth), heads \(d.heads), mlp \(d.mlpWidth), "
                    + (d.normPix ? "normalised patches" : "pixels"),
            ])
        }
        facts.add(["head", c.classes > 0 ? "\(c.classes) classes on pooling \(c.pooling.rawValue)" : "none"])
    }

    private func describeGraph(in facts: inout Table) {
        facts.add(["image", "\(imageSize[0])x\(imageSize[1])x\(channels)"])
        let shapes = embeddings.sorted { $0.key < $1.key }.map {
            "\($0.key) \($0.value)" + ($0.key == pooling ? " (default)" : "")
        }
        facts.add(["embeddings", shapes.isEmpty ? "none" : shapes.joined(separator: ", ")])
        facts.add(["head", classes > 0 ? "\(classes) classes" : "none"])
    }
}
