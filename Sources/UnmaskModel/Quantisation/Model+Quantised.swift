internal import UnmaskGraph
public import UnmaskImage
public import UnmaskRuntime

/// A model whose products' weights are rounded to int8, and how far that is from what they were.
public struct QuantisedModel: Sendable {
    public struct Layer: Sendable {
        public let name: String
        /// ‖w - rounded‖ / ‖w‖.
        public let relativeError: Double
    }

    public let model: Model
    /// The worst first.
    public let layers: [Layer]
}

extension Model {
    /// The same model with the weights that int8 products read rounded to int8: those of the blocks, chosen as the engine
    /// chooses them.
    ///
    /// - Parameters:
    ///   - images: what is seen of activations, batch by batch; none: what the norms' own weights allow for.
    ///   - isSmoothed: whether channels that stand out are evened out beforehand (`ChannelSmoothing`).
    public func quantised(
        calibratedOn images: [[PixelImage]] = [], isSmoothed: Bool, engine: Engine
    ) throws(ModelError) -> QuantisedModel {
        guard case .checkpoint(var checkpoint) = source else {
            throw .unsupported(
                file: name,
                feature:
                    "quantising a graph that is no Vision Transformer: run it with --precision int8, which rounds its "
                    + "weights when they are packed")
        }
        beginVerifying()
        let plain = try graph(pixels: .bytes)
        if isSmoothed {
            let pairs = ChannelSmoothing.pairs(in: plain)
            let seen = try ChannelSmoothing.peaks(of: self, in: plain, on: images, engine)
            for pair in pairs {
                let largest = seen[pair.layer] ?? expectedActivations(of: pair, checkpoint.tensors)
                ChannelSmoothing.smooth(pair, largest: largest, &checkpoint.tensors)
            }
        }
        var layers: [QuantisedModel.Layer] = []
        for name in plain.wholeWeights.sorted() {
            guard let weight = checkpoint.tensors[name], let rounded = QuantisedWeight(weight) else { continue }
            checkpoint.tensors[name] = rounded.tensor
            layers.append(QuantisedModel.Layer(name: name, relativeError: rounded.relativeError))
        }
        guard !layers.isEmpty else {
            throw .unsupported(file: name, feature: "quantising: it has no weights of finite numbers in any block")
        }
        try verify()
        (checkpoint.statedHash, checkpoint.golden) = (nil, nil)
        return QuantisedModel(
            model: Model(.checkpoint(checkpoint), name: name),
            layers: layers.sorted { ($1.relativeError, $0.name) < ($0.relativeError, $1.name) })
    }

    /// Three standard deviations of what a norm lets through: its rows have mean 0 and deviation 1 before its own weights.
    private func expectedActivations(
        of pair: ChannelSmoothing.Pair, _ tensors: [String: Tensor]
    ) -> [Float] {
        let (scale, shift) = (tensors[pair.norm.weight]?.floats() ?? [], tensors[pair.norm.bias]?.floats() ?? [])
        return zip(scale, shift).map { 3 * abs($0) + abs($1) }
    }
}

extension Graph {
    /// The names of the weights that int8 products read.
    fileprivate var wholeWeights: Set<String> {
        var graph = self
        graph.optimize(passes: standardPasses + [ChooseArithmetic(.int8, available: Set(Arithmetic.allCases))])
        return Set(
            graph.nodes.compactMap { node in
                guard node.arithmetic == .i8, case .linear = node.op, let id = node.inputs[LinearOperand.weight] else {
                    return nil
                }
                return graph[id].name
            })
    }
}
