internal import UnmaskGraph
internal import UnmaskImage
internal import UnmaskRuntime
internal import UnmaskWeights

extension Model {
    /// The layers whose rows int8 rounds too roughly on some images, each for itself.
    ///
    /// Rounding adds to each number of a row x an error spread evenly over a step, its largest magnitude over 127, so of
    /// the layer's answer y = x · Wᵀ the share that is error is about
    ///
    ///     largest |x| / (127 · √12) · ‖W‖ / ‖y‖
    ///
    /// which is one hundredth for rows of the usual shape, and many for rows with a channel that stands out.
    func layersTooRoughForInt8(on images: [PixelImage], engine: Engine) throws(ModelError) -> Set<String> {
        let graph = try graph(pixels: .bytes)
        let layers = graph.nodes.compactMap { LinearLayer($0, in: graph) }
        let ends = layers.flatMap { [$0.input, $0.output] }
        let inputs = try LayerInputs(of: self, ends, in: graph, engine: engine)
        var rough: Set<String> = []
        for image in images {
            let rows = Dictionary(uniqueKeysWithValues: try inputs.rows(of: [image]).map { ($0.layer, $0) })
            for layer in layers where !rough.contains(layer.name) {
                guard let x = rows[layer.input.name], let y = rows[layer.output.name] else { continue }
                if layer.errorShare(x, y) > Model.mostErrorShare { rough.insert(layer.name) }
            }
        }
        return rough
    }

    private static let mostErrorShare = 0.04
}

/// A linear layer, with what it reads and what it gives.
private struct LinearLayer {
    let name: String
    let input, output: LayerInputs.Layer
    let weightNorm: Double

    init?(_ node: Node, in graph: Graph) {
        guard case .linear = node.op, let x = node.inputs[LinearOperand.x], let id = node.inputs[LinearOperand.weight],
            let weight = graph.constants[id]?.floats()
        else { return nil }
        name = node.name
        input = LayerInputs.Layer(name: node.name + " in", value: x)
        output = LayerInputs.Layer(name: node.name + " out", value: node.output)
        weightNorm = weight.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
    }

    /// The mean over the rows.
    func errorShare(_ x: LayerInputs.Rows, _ y: LayerInputs.Rows) -> Double {
        let count = x.width > 0 ? x.values.count / x.width : 0
        guard count > 0, y.values.count == count * y.width else { return 0 }
        var sum = 0.0
        for row in 0..<count {
            let largest = x.values[row * x.width..<(row + 1) * x.width].reduce(0) { max($0, abs($1)) }
            let squares = y.values[row * y.width..<(row + 1) * y.width].reduce(0.0) { $0 + Double($1) * Double($1) }
            guard squares > 0 else { continue }
            sum += Double(largest) / (127 * 12.squareRoot()) * weightNorm / squares.squareRoot()
        }
        return sum / Double(count)
    }
}
