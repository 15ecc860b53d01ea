public import ArgumentParser
public import UnmaskModel
public import UnmaskRuntime

/// Which model, and how it is run.
struct ModelOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "The model: a checkpoint (.safetensors, .pth, .pt, .bin, .ckpt), a Hugging Face folder or an ONNX file.",
            valueName: "path"))
    var model: String

    @OptionGroup var reading: ReadingOptions
    @OptionGroup var running: RunningOptions

    func load() throws -> Model {
        try reading.load(model)
    }

    /// The model ready to run, weights packed for `task`.
    func session(_ task: (Model) throws -> ModelTask) throws -> ModelSession {
        try running.ready(try load(), for: task)
    }
}

/// What a checkpoint does not say, or should be understood otherwise.
struct ReadingOptions: ParsableArguments {
    @OptionGroup var preparation: PreparationOptions

    @Option(
        help: ArgumentHelp(
            """
            Run at another image size than trained, as 384 or 384x512; position embeddings are interpolated. Larger \
            sees finer detail and costs more than proportionally.
            """, valueName: "side|HxW"))
    var size: ImageSize?

    @Option(
        help: "Attention heads, for timm and .pth files of unusual width, which do not state them.")
    var heads: Int?

    @Option(help: "The decoder's attention heads, for .pth files whose decoder has heads other than 32 wide.")
    var decoderHeads: Int?

    @Option(help: "Whether the decoder predicts normalised patches (true or false), for .pth files that do not say.")
    var normPix: Bool?

    @Option(
        help: ArgumentHelp(
            """
            The tensor that embeddings are made of, in place of the model's own output: an output of an ONNX file, or any \
            value or node of its graph. An error lists the outputs.
            """, valueName: "name"))
    var output: String?

    @Option(
        help: ArgumentHelp(
            """
            Which state dict of a checkpoint is read: a key in it or the beginning of one, as student or \
            model.module; . for its own content. Default: the best that holds a whole model, averaged weights (EMA, \
            teacher) before raw ones; what was chosen and left is printed.
            """, valueName: "key"))
    var stateDict: String?

    @Option(
        help: ArgumentHelp(
            "Names of the head's outputs, one a line in their order, for files that have none or wrong ones.",
            valueName: "FILE"))
    var labels: String?

    func load(_ path: String, licence: String? = nil) throws -> Model {
        let model = try read(path, licence: licence)
        if let notice = model.stateDict?.notice { Console.message("note: \(path): \(notice)") }
        for note in model.notes { Console.warning("\(path): \(note)") }
        return model
    }

    /// The same without a word: `Model.stateDict` and `Model.notes` have what there is to say.
    func read(_ path: String, licence: String? = nil) throws -> Model {
        try Model.load(
            path,
            options: ModelLoadOptions(
                imageSize: size?.sides, recipe: preparation.options(), heads: heads, decoderHeads: decoderHeads,
                normPix: normPix, licence: licence, output: output, stateDict: stateDict,
                labels: try labels.map(TextFile.lines)))
    }
}

/// How much of the machine is used.
struct RunningOptions: ParsableArguments {
    @Option(
        help: """
            Threads of the engine. Default: the processors that the affinity mask and the container's CPU quota allow. \
            Fewer leave room for others; more never help.
            """)
    var threads: Int?

    @Option(help: "The most images of one forward pass. 8 is near the best speed; larger costs memory.")
    var batch = 8

    @Option(
        help: ArgumentHelp(
            """
            Arithmetic of products: file for what the file states (int8 where it holds weights as int8, else f32), f32, \
            bf16, int8, or auto for the fastest that passes the model's gate on this machine. Stamped on every vector. \
            Default: file.
            """, valueName: "precision"))
    var precision: PrecisionChoice = .fixed(.file)

    @Option(
        help: ArgumentHelp(
            """
            Merge that many tokens of each block into others that are alike (token merging): faster, a little less exact. \
            auto takes the fastest of a few that keeps the model's answers near on trial pictures, or none. Stamped on every \
            vector. Default: 0, none.
            """, valueName: "r|auto"))
    var merge: MergeChoice = .fixed(0)

    @Option(
        help: ArgumentHelp(
            "Use no more of the processor than this set of instructions: "
                + InstructionSet.allCases.map(\.rawValue).joined(separator: ", ")
                + ". Default: UNMASK_ISA, else all it has.",
            valueName: "set"))
    var isa: InstructionSet?

    @OptionGroup var keeping: CacheOptions

    func engine() throws -> Engine {
        try Engine(threads: threads, instructionSet: isa)
    }

    /// The model ready to run in the precision asked for, with a word where that is not what was asked.
    ///
    /// - Parameter usesCache: whether weights may come from the cache.
    func session(
        _ model: Model, engine: Engine? = nil, batch: Int? = nil, usesCache: Bool = true
    ) throws -> ModelSession {
        let opened = try OpenedSession(
            model, engine: engine ?? self.engine(), maximumBatch: batch ?? self.batch, precision: precision,
            merge: merge, cache: usesCache ? keeping.open(warn: Console.warning) : nil)
        if let remark = opened.remark { Console.message("note: \(model.name): \(remark)") }
        return opened.session
    }

    /// The model ready to run, weights packed for `task`.
    func ready(_ model: Model, for task: (Model) throws -> ModelTask) throws -> ModelSession {
        let session = try session(model)
        try session.prepare(task(model))
        try session.keepWeights()
        let bad = session.nonfiniteWeights
        if !bad.isEmpty {
            Console.warning(
                "NaN or infinite weights in \(bad.joined(separator: ", ")): results that they reach are refused")
        }
        return session
    }

    func validate() throws {
        guard batch >= 1 else { throw ValidationError("--batch \(batch): expected at least 1") }
    }
}

extension PrecisionChoice: ExpressibleByArgument {
    public init?(argument: String) {
        self.init(name: argument)
    }

    public static var allValueStrings: [String] { names }

    public var defaultValueDescription: String {
        if case .fixed(let precision) = self { precision.rawValue } else { "auto" }
    }
}

extension MergeChoice: ExpressibleByArgument {
    public init?(argument: String) {
        self.init(name: argument)
    }

    public var defaultValueDescription: String {
        if case .fixed(let merge) = self { String(merge) } else { "auto" }
    }
}

extension InstructionSet: ExpressibleByArgument {}

/// An image size as people write it: `224` or `224x320` (height x width).
struct ImageSize: ExpressibleByArgument {
    let sides: [Int]

    init(sides: [Int]) {
        self.sides = sides
    }

    init?(argument: String) {
        let parts = argument.lowercased().split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
        let numbers = parts.compactMap { $0 }
        guard numbers.count == parts.count, (1...2).contains(numbers.count), numbers.allSatisfy({ $0 > 0 }) else {
            return nil
        }
        sides = numbers.count == 1 ? numbers + numbers : numbers
    }
}

extension Pooling: ExpressibleByArgument {}
extension ScoreKind: ExpressibleByArgument {}
extension Mask.Pattern: ExpressibleByArgument {}
extension StorageType: ExpressibleByArgument {}
