internal import UnmaskGraph
public import UnmaskImage
public import UnmaskRuntime

/// How the range of an 8-bit activation follows from the numbers seen.
public enum CalibrationMethod: Sendable, Equatable {
    /// From the least to the greatest number.
    case minMax
    /// Leaves out this share of the numbers at each end: outliers are cut, so that the others have finer steps.
    case percentile(share: Double)
}

/// Measures what a model's linear layers read on sample images, for int8.
///
/// The layers are those inside the blocks. Patch embedding and heads stay float32: together they are a few hundredths of
/// the work, the first sees raw pixels, and the last decides between classes.
public struct Calibration: Sendable {
    private let session: Session
    private let graph: Graph
    private let patches: Int
    private let layers: [Layer]

    private struct Layer: Sendable {
        let name: String
        let output: String
    }

    /// Bins of a histogram between a layer's least and greatest number.
    private static let bins = 4096

    public init(_ model: Model, engine: Engine) throws(ModelError) {
        var graph = try model.graph(pixels: .bytes)
        let patchIDs = Set(graph.nodes.filter { if case .patches = $0.op { true } else { false } }.map(\.output))
        let scaled = Set(
            graph.nodes.filter { $0.op == .scaleShift }.filter { node in
                node.inputs[0].map { patchIDs.contains($0) } ?? false
            }.map(\.output))
        var layers: [Layer] = []
        for node in graph.nodes {
            guard case .linear = node.op, let x = node.inputs[LinearOperand.x],
                graph[x].shape.dimensions.count > 2, !patchIDs.contains(x), !scaled.contains(x),
                !graph.outputs.contains(where: { $0.value == node.output })
            else { continue }
            let layer = Layer(name: node.name, output: "calibration/" + node.name)
            graph.addOutput(layer.output, x)
            layers.append(layer)
        }
        // Without the passes every layer's input exists in memory.
        let passes = Set(standardPasses.map(\.name))
        session = try runnable { [graph] () throws(RuntimeError) in
            try Session(graph, engine: engine, disabledPasses: passes)
        }
        self.graph = graph
        self.layers = layers
        patches = model.interface.patches
    }

    /// The range of each layer's input, by the layer's name.
    /// - Parameter batches: prepared images, a forward pass for each.
    public func ranges(
        _ batches: [[PixelImage]], method: CalibrationMethod
    ) throws(ModelError) -> [String: ClosedRange<Float>] {
        var extremes: [String: ClosedRange<Float>] = [:]
        for batch in batches {
            for (layer, values) in try run(batch) {
                guard let least = values.min(), let greatest = values.max(), least.isFinite, greatest.isFinite else {
                    throw .invalidRequest("the input of \(layer) is not finite on the calibration images")
                }
                let known = extremes[layer] ?? least...greatest
                extremes[layer] = min(known.lowerBound, least)...max(known.upperBound, greatest)
            }
        }
        guard case .percentile(let share) = method else { return extremes }
        var histograms = extremes.mapValues { Histogram($0, bins: Self.bins) }
        for batch in batches {
            for (layer, values) in try run(batch) { histograms[layer]?.add(values) }
        }
        return histograms.mapValues { $0.range(without: share) }
    }

    private func run(_ images: [PixelImage]) throws(ModelError) -> [(layer: String, values: [Float])] {
        let ids = (0..<images.count).flatMap { _ in (0..<Int32(patches)) }
        let inputs: [String: InputArray] = [
            ModelGraph.pixels: .u8(images.flatMap(\.pixels)), ModelGraph.idsKeep: .i32(ids),
            ModelGraph.idsRestore: .i32(ids),
        ]
        let sizes = [ModelGraph.batch: images.count, ModelGraph.kept: patches]
        let answers = try runnable { () throws(RuntimeError) in
            try session.run(inputs, bindings: sizes, outputs: layers.map(\.output))
        }
        return layers.map { ($0.name, answers[$0.output]?.values ?? []) }
    }
}

/// Counts of numbers in equal bins of a range.
private struct Histogram {
    private let range: ClosedRange<Float>
    private var counts: [Int]
    private var total = 0

    init(_ range: ClosedRange<Float>, bins: Int) {
        self.range = range
        counts = Array(repeating: 0, count: bins)
    }

    private var width: Float { (range.upperBound - range.lowerBound) / Float(counts.count) }

    mutating func add(_ values: [Float]) {
        total += values.count
        guard width > 0 else { return }
        let (least, scale, last) = (range.lowerBound, 1 / width, counts.count - 1)
        for value in values { counts[min(max(Int((value - least) * scale), 0), last)] += 1 }
    }

    /// What is left when a share of the numbers is cut off at each end, in whole bins.
    func range(without share: Double) -> ClosedRange<Float> {
        let most = Int(Double(total) * share)
        guard width > 0, most > 0 else { return range }
        func bins(_ indices: some Sequence<Int>) -> Int {
            var (cut, sum) = (0, 0)
            for index in indices {
                sum += counts[index]
                if sum > most { break }
                cut += 1
            }
            return cut
        }
        let (low, high) = (bins(counts.indices), bins(counts.indices.reversed()))
        guard low + high < counts.count else { return range }
        return range.lowerBound + Float(low) * width...range.upperBound - Float(high) * width
    }
}
