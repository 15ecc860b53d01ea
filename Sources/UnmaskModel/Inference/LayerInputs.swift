internal import UnmaskGraph
internal import UnmaskImage
internal import UnmaskRuntime

/// What some layers of a model read on images: the numbers that quantisation is fitted to.
struct LayerInputs: Sendable {
    /// A layer's name, and the value that it reads.
    struct Layer: Sendable {
        let name: String
        let value: ValueID
    }

    /// What one layer read in a pass: rows of `width` numbers.
    struct Rows {
        let layer: String
        let width: Int
        let values: [Float]
    }

    private let session: Session
    private let patches: Int
    private let layers: [Layer]

    /// - Parameter graph: the model's, on which no pass has run yet.
    init(of model: Model, _ layers: [Layer], in graph: Graph, engine: Engine) throws(ModelError) {
        var graph = graph
        for layer in layers { graph.addOutput(LayerInputs.output(layer.name), layer.value) }
        // Without the passes every layer's input exists in memory.
        session = try runnable { [graph] () throws(RuntimeError) in
            try Session(graph, engine: engine, disabledPasses: Set(standardPasses.map(\.name)))
        }
        self.layers = layers
        patches = model.interface.patches
    }

    private static func output(_ layer: String) -> String { "input of " + layer }

    /// One forward pass over whole images.
    func rows(of images: [PixelImage]) throws(ModelError) -> [Rows] {
        let ids = images.flatMap { _ in 0..<Int32(patches) }
        let inputs: [String: InputArray] = [
            ModelGraph.pixels: .u8(images.flatMap(\.pixels)), ModelGraph.idsKeep: .i32(ids),
            ModelGraph.idsRestore: .i32(ids),
        ]
        let sizes = ModelGraph.bindings(batch: images.count, kept: patches)
        let answers = try runnable { () throws(RuntimeError) in
            try session.run(inputs, bindings: sizes, outputs: layers.map { LayerInputs.output($0.name) })
        }
        return layers.compactMap { layer in
            answers[LayerInputs.output(layer.name)].map {
                Rows(layer: layer.name, width: $0.shape.last ?? 1, values: $0.values)
            }
        }
    }
}
