internal import UnmaskGraph
internal import UnmaskImage
internal import UnmaskONNX
internal import UnmaskWeights

/// ONNX files. A graph that is a Vision Transformer or masked autoencoder of `ModelConfiguration`'s family becomes a
/// checkpoint; any other stays a graph that gives what its ends are.
enum ONNXLayout {
    /// By the contents. A damaged file is still what its name says, so that the message fits.
    static func recognises(_ path: String) -> Bool {
        if ONNXModel.recognises(path) { return true }
        guard path.lowercased().hasSuffix(".onnx") else { return false }
        do throws(WeightsError) {
            _ = try TensorFile(path: path)
            return false
        } catch {
            return ![.gitLFSPointer, .formatForeign].contains(error.cause)
        }
    }

    static func read(
        _ place: CheckpointPlace, path: String, _ options: ModelLoadOptions
    ) throws(ModelError) -> ModelSource {
        let surroundings = try ONNXSurroundings(place)
        let (model, notes) = try importModel(place.tensorFile, surroundings, options)
        let statements = ONNXStatements(metadata: model.metadata, surroundings)
        let (graph, preparation, isOwn) = try prepared(model.graph, statements)
        var raised = graph
        let rewrites = raised.raise()
        let inputs = try GraphInputs(of: raised, file: path)
        var facts = try statements.facts(
            imageSize: inputs.imageSize, channels: inputs.channels, recipe: options.recipe,
            normalisation: preparation?.normalisation)
        // A file that prepares images of any size states the model's own.
        facts.notes = (isOwn ? [] : notes) + facts.notes
        facts.licence = options.licence ?? facts.licence
        facts.output = options.output
        facts.imported = ImportedFile(model, rewrites)
        let ends = GraphEnds.found(in: raised, inputs, facts)
        if options.output == nil,
            let read = TransformerReader.read(raised, pixels: inputs.pixels, vector: ends.vector),
            let recipe = facts.preparation
        {
            facts.imported?.ends = ends.report
            var checkpoint = Checkpoint(
                configuration: read.configuration, preparation: recipe, labels: facts.labels,
                licence: facts.licence,
                tensors: read.tensors, notes: facts.notes, imported: facts.imported, scores: facts.scores)
            statements.complete(&checkpoint, options)
            try checkpoint.finish(file: path, options)
            return .checkpoint(checkpoint)
        }
        facts.notes += facts.preparation?.notes ?? []
        var kept = try GraphModel(graph, facts, file: path)
        try kept.name(options.labels, file: path)
        try kept.requireSize(options.imageSize, file: path)
        return .graph(kept)
    }

    /// The graph without what stands in it for other programs' sake: the preparation of images, which the recipe says as
    /// well, and 8-bit grids of Unmask's own files.
    private static func prepared(
        _ graph: Graph, _ statements: ONNXStatements
    ) throws(ModelError) -> (Graph, PixelPreparation?, isOwn: Bool) {
        var graph = graph
        if statements.hasActivationGrids { graph.optimize(passes: [RemoveActivationGrids()]) }
        if let cut = statements.withoutPreparation(graph) { return (cut, nil, true) }
        graph.optimize(passes: [KeepWholeWeights(), FoldConstants()])
        let stated = try statements.normalisation()
        guard let (cut, preparation) = PixelPreparation.taken(outOf: graph, stated: stated) else {
            return (graph, nil, false)
        }
        return (cut, preparation, false)
    }

    /// Imports the file, at a size that is stated or assumed where its inputs leave theirs open.
    private static func importModel(
        _ file: String, _ surroundings: ONNXSurroundings, _ options: ModelLoadOptions
    ) throws(ModelError) -> (ONNXModel, notes: [String]) {
        var loading = ONNXLoadOptions()
        let stated = surroundings.imageSize ?? options.imageSize
        loading.imageSize = stated.map { ($0[0], $0[1]) }
        do throws(ONNXError) {
            return (try importModel(file, loading, output: options.output), [])
        } catch {
            guard error.cause == .dimensionUnbound, stated == nil else {
                throw .importFailed(type: error.type, message: error.description)
            }
        }
        loading.imageSize = (224, 224)
        do throws(ONNXError) {
            let model = try importModel(file, loading, output: options.output)
            return (model, ["the file leaves the image size open; 224x224 is assumed (--size says otherwise)"])
        } catch {
            throw .importFailed(type: error.type, message: error.description)
        }
    }

    /// With only what the named output needs, so that operators which do not run here may stand behind it. A name that
    /// no value has may be a node's: the whole model is imported then.
    private static func importModel(
        _ file: String, _ loading: ONNXLoadOptions, output: String?
    ) throws(ONNXError) -> ONNXModel {
        guard let output else { return try ONNXModel.load(file, options: loading) }
        var named = loading
        named.outputs = [output]
        do throws(ONNXError) {
            return try ONNXModel.load(file, options: named)
        } catch {
            guard error.cause == .outputUnknown else { throw error }
            return try ONNXModel.load(file, options: loading)
        }
    }
}
