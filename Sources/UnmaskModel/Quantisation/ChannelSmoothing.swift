internal import UnmaskGraph
internal import UnmaskImage
internal import UnmaskRuntime

/// Moves what makes rows hard to round into the weights: a channel that a LayerNorm makes much larger than the others
/// takes the row's whole scale. Its norm weight and bias are divided by s, the columns of the next layer's weight that
/// read it are multiplied by s, and the product stays the same (Xiao et al. 2023, SmoothQuant, with α = 1/2):
///
///     s = √(largest activation of the channel / largest weight of its column)
struct ChannelSmoothing {
    /// A LayerNorm that one linear layer alone reads; names of constants.
    struct Pair {
        let norm: (weight: String, bias: String)
        let weight: String
        /// The layer's name.
        let layer: String
        /// What the layer reads.
        let value: ValueID
    }

    /// The pairs of a graph on which no pass has run yet.
    static func pairs(in graph: Graph) -> [Pair] {
        let uses = graph.useCounts()
        let producers = Dictionary(uniqueKeysWithValues: graph.nodes.map { ($0.output, $0) })
        return graph.nodes.compactMap { node in
            guard case .linear = node.op, let x = node.inputs[LinearOperand.x], uses[x] == 1,
                let norm = producers[x], case .layerNorm = norm.op, norm.inputs.count == 3,
                let weight = norm.inputs[1], let bias = norm.inputs[2],
                let matrix = node.inputs[LinearOperand.weight],
                [weight, bias, matrix].allSatisfy({ graph.constants[$0] != nil && uses[$0] == 1 })
            else { return nil }
            return Pair(
                norm: (graph[weight].name, graph[bias].name), weight: graph[matrix].name, layer: node.name, value: x)
        }
    }

    /// The largest magnitude of each channel that a pair's layer reads, by the layer's name; nothing without images.
    static func peaks(
        of model: Model, in plain: Graph, on images: [[PixelImage]], _ engine: Engine
    ) throws(ModelError) -> [String: [Float]] {
        let layers = pairs(in: plain).map { LayerInputs.Layer(name: $0.layer, value: $0.value) }
        guard !images.isEmpty, !layers.isEmpty else { return [:] }
        let inputs = try LayerInputs(of: model, layers, in: plain, engine: engine)
        var largest: [String: [Float]] = [:]
        for batch in images {
            for rows in try inputs.rows(of: batch) {
                var channels = largest[rows.layer] ?? [Float](repeating: 0, count: rows.width)
                for index in rows.values.indices {
                    channels[index % rows.width] = max(channels[index % rows.width], abs(rows.values[index]))
                }
                largest[rows.layer] = channels
            }
        }
        return largest
    }

    /// Evens out the pairs of a graph whose layers are named.
    static func smooth(_ graph: inout Graph, peaks: [String: [Float]]) {
        guard !peaks.isEmpty else { return }
        let ids = Dictionary(graph.constants.keys.map { (graph[$0].name, $0) }) { first, _ in first }
        var evened: [ValueID: ValueID] = [:]
        for pair in pairs(in: graph) {
            guard let largest = peaks[pair.layer] else { continue }
            var tensors: [String: Tensor] = [:]
            for name in [pair.norm.weight, pair.norm.bias, pair.weight] {
                tensors[name] = ids[name].flatMap { graph.constants[$0] }
            }
            smooth(pair, largest: largest, &tensors)
            for (name, tensor) in tensors {
                if let id = ids[name] { evened[id] = graph.addConstant(name, tensor) }
            }
        }
        for index in graph.nodes.indices {
            graph.nodes[index].inputs = graph.nodes[index].inputs.map { id in id.map { evened[$0] ?? $0 } }
        }
    }

    /// The tensors with the pair's channels evened out.
    /// - Parameter largest: the largest magnitude of each channel of what the layer reads.
    static func smooth(_ pair: Pair, largest: [Float], _ tensors: inout [String: Tensor]) {
        guard let weight = tensors[pair.weight], let scale = tensors[pair.norm.weight]?.floats(),
            let shift = tensors[pair.norm.bias]?.floats(), var matrix = weight.floats(), weight.shape.count == 2,
            weight.shape[1] == largest.count, scale.count == largest.count, shift.count == largest.count
        else { return }
        let width = largest.count
        var columns = [Float](repeating: 0, count: width)
        for index in matrix.indices { columns[index % width] = max(columns[index % width], abs(matrix[index])) }
        let factors = zip(largest, columns).map { activation, column in
            let factor = (activation / column).squareRoot()
            return factor.isNormal ? factor : 1
        }
        for index in matrix.indices { matrix[index] *= factors[index % width] }
        tensors[pair.weight] = Tensor(matrix, shape: weight.shape)
        tensors[pair.norm.weight] = Tensor(zip(scale, factors).map { $0 / $1 }, shape: [width])
        tensors[pair.norm.bias] = Tensor(zip(shift, factors).map { $0 / $1 }, shape: [width])
    }
}
