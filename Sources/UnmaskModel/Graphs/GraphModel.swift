internal import UnmaskGraph
internal import UnmaskImage

/// A model that came as a graph and is no Vision Transformer of `ModelConfiguration`'s family: another kind of
/// transformer, a convolutional network, or a part of one. It gives what its ends are found to be.
struct GraphModel: Sendable {
    /// What a file says of a graph besides the graph.
    struct Facts: Sendable {
        var recipe: Recipe?
        var labels: [String] = []
        var licence: String?
        /// The content hash that the file states; nil where it has to be computed.
        var statedHash: String?
        /// What the file says that the model makes of the golden image.
        var golden: GoldenVector?
        /// The value that embeddings are made of, in place of what is found by shape.
        var output: String?
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
    /// What is written to files: elementary operations only, as they came.
    let document: GraphDocument
    let tensors: [String: Tensor]

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
        try self.init(imported, raised: raised, facts, file: file)
    }

    /// - Parameters:
    ///   - imported: elementary operations only, the batch a symbol or 1.
    ///   - raised: the same computation after the passes that recognise fused operations.
    init(_ imported: Graph, raised: Graph, _ facts: Facts, file: String) throws(ModelError) {
        (document, tensors) = try GraphDocument.make(of: imported)
        graph = raised
        inputs = try GraphInputs(of: raised, file: file)
        try inputs.requireAll(of: raised, file: file)
        ends = try GraphEnds.find(in: raised, inputs, facts, file: file)
        self.facts = facts
        if facts.labels.count != ends.classes(in: raised) { self.facts.labels = [] }
        guard let recipe = facts.recipe, recipe.channels == inputs.channels else {
            throw .invalidConfiguration([
                "the recipe has \(facts.recipe?.channels ?? 0) channels and the model \(inputs.channels)"
            ])
        }
        self.recipe = try recipe.with(imageSize: inputs.imageSize)
    }

    var interface: ModelInterface {
        ModelInterface(
            imageSize: inputs.imageSize, channels: inputs.channels, patchSize: inputs.patchSize, grid: ends.grid,
            takesMasks: inputs.idsKeep != nil, shapes: ends.shapes(in: graph), pooling: ends.pooling,
            classes: ends.classes(in: graph), fixedBatch: inputs.fixedBatch)
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
