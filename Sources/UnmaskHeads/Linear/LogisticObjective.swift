internal import CUnmaskBLAS
internal import Dispatch
internal import Foundation

/// The mean cross-entropy of a linear layer over standardised features, with a penalty on its weights, and its gradient:
/// multinomial where classes exclude one another, else of each label alone.
///
/// Rows are read block by block, each once for the scores and, while it is in the cache, once for the gradient; so a matrix
/// larger than memory is read from its file once an evaluation. Blocks belong to lanes, which are summed in order: the
/// result is the same bits whatever the number of threads.
struct LogisticObjective: Sendable {
    let features: FeatureMatrix
    let standardisation: Standardisation
    let targets: Targets
    /// What each row weighs; 0 leaves it out.
    let weights: [Float]
    /// The factor of half the squared weights: 1 / (C · Σ weights) by scikit-learn's C.
    let penalty: Double

    init(
        features: FeatureMatrix, standardisation: Standardisation, targets: Targets, weights: [Float], penalty: Double
    ) throws(HeadError) {
        try Algebra.open()
        self.features = features
        self.standardisation = standardisation
        self.targets = targets
        self.weights = weights
        self.penalty = penalty
    }

    private static let block = 256
    private static let lanes = 8

    /// Numbers that are looked for: [outputs, D], then a bias for each output.
    var parameterCount: Int { targets.outputs * (features.width + 1) }

    /// - Parameter parameters: of standardised features.
    func callAsFunction(_ parameters: [Double]) -> (value: Double, gradient: [Double]) {
        let (outputs, width) = (targets.outputs, features.width)
        let layer = standardisation.folded(parameters, outputs: outputs)
        let lanes = (0..<Self.lanes).map { _ in Lane(outputs: outputs, width: width, block: Self.block) }
        features.withRows { base in
            nonisolated(unsafe) let base = base
            DispatchQueue.concurrentPerform(iterations: Self.lanes) { lane in
                for start in stride(from: lane * Self.block, to: features.rows, by: Self.lanes * Self.block) {
                    add(start..<min(start + Self.block, features.rows), base, layer, to: lanes[lane])
                }
            }
        }
        return sum(lanes, parameters)
    }

    private func add(_ rows: Range<Int>, _ base: UnsafePointer<Float>, _ layer: AffineLayer, to lane: Lane) {
        guard rows.contains(where: { weights[$0] != 0 }) else { return }
        let (outputs, width) = (targets.outputs, features.width)
        let x = base + rows.lowerBound * width
        unmask_blas_sgemm(
            false, true, Int32(rows.count), Int32(outputs), Int32(width), 1, x, Int32(width), layer.weight,
            Int32(width), 0, &lane.scores, Int32(outputs))
        for row in rows {
            let start = (row - rows.lowerBound) * outputs
            lane.addLoss(at: start, layer.bias, targets.labels[row], weights[row], isSoftmax: targets.areExclusive)
        }
        unmask_blas_sgemm(
            true, false, Int32(outputs), Int32(width), Int32(rows.count), 1, lane.scores, Int32(outputs), x,
            Int32(width), 1, &lane.gradient, Int32(width))
    }

    /// The lanes' sums, as of standardised features: Σ e (x − mean) ∘ scale.
    private func sum(_ lanes: [Lane], _ parameters: [Double]) -> (value: Double, gradient: [Double]) {
        let (outputs, width) = (targets.outputs, features.width)
        let total = weights.reduce(0.0) { $0 + Double($1) }
        var gradient = [Double](repeating: 0, count: parameterCount)
        var value = 0.0
        for lane in lanes {
            value += lane.loss
            for index in 0..<outputs * width { gradient[index] += Double(lane.gradient[index]) }
            for output in 0..<outputs { gradient[outputs * width + output] += lane.errors[output] }
        }
        value /= total
        for output in 0..<outputs {
            let error = gradient[outputs * width + output]
            for column in 0..<width {
                let index = output * width + column
                let standardised =
                    (gradient[index] - error * standardisation.mean[column]) * standardisation.scale[column]
                gradient[index] = standardised / total + penalty * parameters[index]
                value += penalty / 2 * parameters[index] * parameters[index]
            }
            gradient[outputs * width + output] = error / total
        }
        return (value, gradient)
    }

    /// What one lane has summed so far, and room for a block's scores.
    private final class Lane: Sendable {
        nonisolated(unsafe) var loss = 0.0
        /// Σ e xᵀ, [outputs, D].
        nonisolated(unsafe) var gradient: [Float]
        /// Σ e, [outputs].
        nonisolated(unsafe) var errors: [Double]
        /// [block, outputs]: scores, then their errors e.
        nonisolated(unsafe) var scores: [Float]

        init(outputs: Int, width: Int, block: Int) {
            gradient = Array(repeating: 0, count: outputs * width)
            errors = Array(repeating: 0, count: outputs)
            scores = Array(repeating: 0, count: block * outputs)
        }

        /// Makes the errors of one row of its scores, and adds its loss.
        func addLoss(at start: Int, _ bias: [Float], _ labels: [Int32], _ weight: Float, isSoftmax: Bool) {
            scores.withUnsafeMutableBufferPointer { scores in
                let row = UnsafeMutableBufferPointer(rebasing: scores[start..<start + bias.count])
                guard weight != 0 else { return row.update(repeating: 0) }
                for output in row.indices { row[output] += bias[output] }
                var positive = 0.0
                for label in labels { positive += Double(row[Int(label)]) }
                let partition = isSoftmax ? Link.softmax(row) : Link.sigmoid(row)
                loss += Double(weight) * (partition - positive)
                for label in labels { row[Int(label)] -= 1 }
                for output in row.indices {
                    row[output] *= weight
                    errors[output] += Double(row[output])
                }
            }
        }
    }
}

/// What makes probabilities of scores.
enum Link {
    /// Replaces scores by their softmax; returns log Σ exp(score).
    static func softmax(_ row: UnsafeMutableBufferPointer<Float>) -> Double {
        var highest = -Float.infinity
        for score in row { highest = max(highest, score) }
        var sum: Float = 0
        for index in row.indices {
            row[index] = exp(row[index] - highest)
            sum += row[index]
        }
        for index in row.indices { row[index] /= sum }
        return Double(highest) + log(Double(sum))
    }

    /// Replaces scores by 1 / (1 + exp(−score)); returns Σ log(1 + exp(score)).
    static func sigmoid(_ row: UnsafeMutableBufferPointer<Float>) -> Double {
        var sum = 0.0
        for index in row.indices {
            let score = Double(row[index])
            sum += max(score, 0) + log1p(exp(-abs(score)))
            row[index] = Float(1 / (1 + exp(-score)))
        }
        return sum
    }
}
