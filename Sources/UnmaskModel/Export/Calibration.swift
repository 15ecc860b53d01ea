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

/// What a model's linear layers read on sample images, as 8-bit files need it.
public struct Calibrated: Sendable {
    /// Of each layer's input, by the layer's name, with the channels of `channelPeaks` evened out.
    public let activationRanges: [String: ClosedRange<Float>]
    /// The largest magnitude of each channel, of the layers whose channels stand out from one another.
    public let channelPeaks: [String: [Float]]
}

/// Measures what a model's linear layers read on sample images, for int8: those inside the blocks.
public struct Calibration: Sendable {
    private let model: Model
    private let engine: Engine

    /// Bins of a histogram between a layer's least and greatest number.
    private static let bins = 4096
    /// A channel stands out that reaches this many times as far as half of the channels do.
    private static let mostSpread: Float = 4

    public init(_ model: Model, engine: Engine) {
        self.model = model
        self.engine = engine
    }

    /// - Parameter batches: prepared images, a forward pass for each.
    public func measure(_ batches: [[PixelImage]], method: CalibrationMethod) throws(ModelError) -> Calibrated {
        var graph = try model.graph(pixels: .bytes)
        let peaks = try ChannelSmoothing.peaks(of: model, in: graph, on: batches, engine).filter {
            Self.standsOut($0.value)
        }
        ChannelSmoothing.smooth(&graph, peaks: peaks)
        return Calibrated(activationRanges: try ranges(batches, method: method, in: graph), channelPeaks: peaks)
    }

    private static func standsOut(_ channels: [Float]) -> Bool {
        let sorted = channels.sorted()
        guard let largest = sorted.last else { return false }
        return largest > mostSpread * sorted[sorted.count / 2]
    }

    private func ranges(
        _ batches: [[PixelImage]], method: CalibrationMethod, in graph: Graph
    ) throws(ModelError) -> [String: ClosedRange<Float>] {
        let layers = graph.innerLayers.map { LayerInputs.Layer(name: $0.name, value: $0.value) }
        let inputs = try LayerInputs(of: model, layers, in: graph, engine: engine)
        var extremes: [String: ClosedRange<Float>] = [:]
        for batch in batches {
            for rows in try inputs.rows(of: batch) {
                guard let least = rows.values.min(), let greatest = rows.values.max(), least.isFinite, greatest.isFinite
                else { throw .invalidRequest("the input of \(rows.layer) is not finite on the calibration images") }
                let known = extremes[rows.layer] ?? least...greatest
                extremes[rows.layer] = min(known.lowerBound, least)...max(known.upperBound, greatest)
            }
        }
        guard case .percentile(let share) = method else { return extremes }
        var histograms = extremes.mapValues { Histogram($0, bins: Self.bins) }
        for batch in batches {
            for rows in try inputs.rows(of: batch) { histograms[rows.layer]?.add(rows.values) }
        }
        return histograms.mapValues { $0.range(without: share) }
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
