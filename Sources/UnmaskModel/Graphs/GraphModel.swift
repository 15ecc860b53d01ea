internal import UnmaskGraph
internal import UnmaskImage

/// A model that is known as a graph: one that came so and is no Vision Transformer of `ModelConfiguration`'s family, or a
/// part of any model that was asked for by a tensor's name. It gives what its ends are found to be.
struct GraphModel: Sendable {
    /// What a file says of a graph besides the graph.
    struct Facts: Sendable {
        var preparation: ResolvedRecipe?
        var labels: [String] = []
        /// What the head's outputs are; nil where the file does not say.
        var scores: ScoreKind?
        var licence: String?
        /// The content hash that the file states; nil where it has to be computed.
        var statedHash: String?
        /// What the file says that the model makes of the golden image.
        var golden: GoldenVector?
        /// The value that embeddings are made of, in place of what is found by shape.
        var output: String?
        /// What the file says that it computes, and which pooling its output is.
        var part: ModelPart?
        var pooling: Pooling?
        /// What was assumed because the file does not say.
        var notes: [String] = []
        /// What an ONNX file says of itself; nil for other files.
        var imported: ImportedFile?
    }

    /// What runs, with the inputs that came with it.
    let graph: Graph
    let inputs: GraphInputs
    let ends: GraphEnds
    let recipe: Recipe
    private(set) var facts: Facts
    /// What is written to files: elementary operations only, as they came. Nil for a part of a checkpoint.
    let document: GraphDocument?
    let tensors: [String: Tensor]
    /// What the content hash covers besides the tensors.
    let identity: String

    /// Raises what was imported. The value that `facts` name as the output is made one before, so that it stays.
    init(_ imported: Graph, _ facts: Facts, file: String) throws(ModelError) {
        var imported = imported
        if let name = facts.output, let id = imported.value(named: name) {
            imported.removeOutputs()
            imported.addOutput(name, id)
            imported = imported.pruned(to: [name]) ?? imported
        }
        var raised = imported
        raised.raise()
        let (document, tensors) = try GraphDocument.make(of: imported)
        try self.init(
            raised, document: document, tensors: tensors, identity: OwnLayout.encode(document), facts, file: file)
    }

    /// What a checkpoint computes at the tensor of that name, and before it.
    init(_ checkpoint: Checkpoint, output name: String, file: String) throws(ModelError) {
        let whole = try ModelGraph.build(
            checkpoint.configuration, parameters: checkpoint.tensors, recipe: checkpoint.recipe, pixels: .normalised)
        var graph = whole
        if let id = whole.value(named: name) {
            graph.removeOutputs()
            graph.addOutput(name, id)
            graph = graph.pruned(to: [name]) ?? graph
        }
        let facts = Facts(
            preparation: checkpoint.preparation, licence: checkpoint.licence, output: name, notes: checkpoint.notes,
            imported: checkpoint.imported)
        try self.init(
            graph, document: nil, tensors: checkpoint.tensors, identity: OwnLayout.encode(checkpoint.configuration),
            facts, file: file)
    }

    /// - Parameter raised: with its fused operations recognised, the batch a symbol or a number.
    init(
        _ raised: Graph, document: GraphDocument?, tensors: [String: Tensor], identity: String, _ facts: Facts,
        file: String
    ) throws(ModelError) {
        self.document = document
        self.tensors = tensors
        self.identity = identity + (facts.output.map { "\noutput " + $0 } ?? "")
        graph = raised
        inputs = try GraphInputs(of: raised, file: file)
        try inputs.requireAll(of: raised, file: file)
        ends = try GraphEnds.find(in: raised, inputs, facts, file: file)
        self.facts = facts
        self.facts.imported?.ends = ends.report
        if facts.labels.count != ends.classes(in: raised) { self.facts.labels = [] }
        guard let recipe = facts.preparation?.recipe, recipe.channels == inputs.channels else {
            throw .invalidConfiguration([
                "the recipe has \(facts.preparation?.recipe.channels ?? 0) channels and the model \(inputs.channels)"
            ])
        }
        let size = inputs.imageSize
        self.recipe = try named { () throws(RecipeError) in try recipe.scaled(height: size[0], width: size[1]) }
    }

    /// Throws `ModelError.unsupported` where the graph was not made for images of that `[height, width]`.
    func requireSize(_ size: [Int]?, file: String) throws(ModelError) {
        guard let size, size != inputs.imageSize else { return }
        throw .unsupported(
            file: file,
            feature: "the graph takes images of \(inputs.imageSize) only: export it for \(size), as its position "
                + "embeddings are not known by themselves")
    }

    /// Gives the head's outputs other names.
    mutating func name(_ labels: [String]?, file: String) throws(ModelError) {
        guard let labels else { return }
        facts.labels = try ModelLoadOptions.checked(labels: labels, outputs: ends.classes(in: graph), file: file)
    }

    /// What the head's outputs can be given as, its own kind first.
    private var scores: [ScoreKind] {
        let outputs = ends.classes(in: graph)
        guard ends.logits != nil else { return ends.probabilities == nil ? [] : [.probabilities] }
        let own = facts.scores ?? (ends.sigmoid != nil ? .sigmoid : .usual(outputs: outputs))
        return ScoreKind.offered(own: own, outputs: outputs)
    }

    var interface: ModelInterface {
        ModelInterface(
            imageSize: inputs.imageSize, channels: inputs.channels, patchSize: inputs.patchSize, grid: ends.grid,
            takesMasks: inputs.idsKeep != nil, shapes: ends.shapes(in: graph), pooling: ends.pooling,
            classes: ends.classes(in: graph), scores: scores,
            fixedBatch: inputs.fixedBatch ?? (graph.sharesRanges ? 1 : nil))
    }

    /// The graph with a model's usual inputs and outputs, as `ModelGraph` names them.
    func build(pixels format: PixelInput) throws(ModelError) -> Graph {
        var graph = graph
        graph.removeOutputs()
        do throws(GraphError) {
            try ends.addOutputs(to: &graph)
            switch format {
            case .normalised: graph.rename(inputs.pixels, to: ModelGraph.pixels)
            case .bytes: try graph.takeBytes(inputs, recipe)
            }
        } catch {
            throw .runtime(error.description)
        }
        if let idsKeep = inputs.idsKeep { graph.rename(idsKeep, to: ModelGraph.idsKeep) }
        return graph
    }
}

extension Graph {
    /// Whether images of one batch would share a range that is taken as the graph runs: such a model runs image by image,
    /// so that an image's result does not depend on the images beside it.
    fileprivate var sharesRanges: Bool {
        nodes.contains { $0.op == .primitive(.dynamicQuantize) }
    }
}
