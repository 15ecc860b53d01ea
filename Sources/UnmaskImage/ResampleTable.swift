internal import CUnmaskResample

/// Which inputs make an output along one axis, and with what weights: Pillow's `precompute_coeffs` and
/// `normalize_coeffs_8bpc` (src/libImaging/Resample.c), for a range of the outputs.
struct ResampleTable {
    /// For each output its first input, counted from `inputs.lowerBound`, and their number.
    private let first: [Int32]
    private let length: [Int32]
    /// `[outputs, taps]`, 22 fractional bits.
    private let weights: [Int32]
    private let taps: Int
    var outputCount: Int { first.count }
    /// All inputs that any of the outputs needs.
    let inputs: Range<Int>

    /// The table of `outputs`, a range of the `outputCount` that `inputCount` inputs are resized to.
    init(inputCount: Int, outputCount: Int, outputs: Range<Int>, filter: ResampleFilter) {
        guard filter != .nearest else {
            let nearest = Self.nearest(inputCount: inputCount, outputCount: outputCount, outputs: outputs)
            let lowest = nearest.first ?? 0
            let taps = Int(UNMASK_RESAMPLE_TAPS)
            inputs = lowest..<(nearest.last ?? 0) + 1
            first = nearest.map { Int32($0 - lowest) }
            length = Array(repeating: 1, count: nearest.count)
            weights = (0..<nearest.count * taps).map { $0 % taps == 0 ? Int32(1 << UNMASK_RESAMPLE_BITS) : 0 }
            self.taps = taps
            return
        }
        // Pillow passes the size as a float, which rounds sizes above 2²⁴.
        let scale = Double(Float(inputCount)) / Double(outputCount)
        let filterScale = max(scale, 1)
        let support = filter.support * filterScale
        let inverse = 1 / filterScale
        let group = Int(UNMASK_RESAMPLE_TAPS)
        let taps = (Int(support.rounded(.up)) * 2 + group) / group * group

        var starts: [Int] = []
        var length: [Int32] = []
        var weights = [Int32](repeating: 0, count: outputs.count * taps)
        var row = [Double](repeating: 0, count: taps)
        for (i, output) in outputs.enumerated() {
            let center = (Double(output) + 0.5) * scale
            let start = max(Int(center - support + 0.5), 0)
            let count = min(Int(center + support + 0.5), inputCount) - start
            var sum = 0.0
            for t in 0..<count {
                row[t] = filter.weight((Double(t + start) - center + 0.5) * inverse)
                sum += row[t]
            }
            for t in 0..<count {
                let weight = sum == 0 ? row[t] : row[t] / sum
                let scaled = weight * Double(1 << UNMASK_RESAMPLE_BITS)
                weights[i * taps + t] = Int32(weight < 0 ? scaled - 0.5 : scaled + 0.5)
            }
            starts.append(start)
            length.append(Int32(count))
        }
        let lowest = starts.first ?? 0
        inputs = lowest..<(starts.last ?? 0) + Int(length.last ?? 0)
        first = starts.map { Int32($0 - lowest) }
        self.length = length
        self.weights = weights
        self.taps = taps
    }

    /// Of each output of a range, the input that lies nearest: Pillow's `ImagingScaleAffine`
    /// (src/libImaging/Geometry.c), whose positions are sums of steps.
    private static func nearest(inputCount: Int, outputCount: Int, outputs: Range<Int>) -> [Int] {
        let step = Double(Float(inputCount)) / Double(outputCount)
        var position = step * 0.5
        var inputs: [Int] = []
        for output in 0..<outputs.upperBound {
            if output >= outputs.lowerBound { inputs.append(min(Int(position), inputCount - 1)) }
            position += step
        }
        return inputs
    }

    /// The weights as a matrix [outputs, inputCount].
    func matrix(inputCount: Int) -> [Float] {
        var matrix = [Float](repeating: 0, count: outputCount * inputCount)
        for output in 0..<outputCount {
            let start = output * inputCount + inputs.lowerBound + Int(first[output])
            for tap in 0..<Int(length[output]) {
                matrix[start + tap] = Float(weights[output * taps + tap]) / Float(1 << UNMASK_RESAMPLE_BITS)
            }
        }
        return matrix
    }

    func withTable(_ body: (UnsafePointer<unmask_resample_table>) -> Void) {
        first.withUnsafeBufferPointer { first in
            length.withUnsafeBufferPointer { length in
                weights.withUnsafeBufferPointer { weights in
                    var table = unmask_resample_table(
                        count: first.count, taps: taps, first: first.baseAddress, length: length.baseAddress,
                        weights: weights.baseAddress)
                    body(&table)
                }
            }
        }
    }
}
