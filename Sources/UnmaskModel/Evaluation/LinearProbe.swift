internal import Foundation

/// Multinomial logistic regression on standardised features, fitted by full-batch L-BFGS (Nocedal 1980): how much of
/// a task a frozen backbone's features hold for a linear classifier.
public struct LinearProbe: Sendable {
    private let mean: [Float]
    private let scale: [Float]
    /// [classes, width + 1] row-major, the bias last.
    private let weights: [Float]
    private let width: Int
    private let classes: Int

    /// - Parameters:
    ///   - features: [n, width] row-major.
    ///   - labels: n class numbers below `classes`.
    ///   - decay: the L2 penalty, of the weights and not of the biases.
    public init(
        features: [Float], width: Int, labels: [Int], classes: Int, decay: Double = 1e-4, iterations: Int = 150
    ) {
        let count = labels.count
        var mean = [Float](repeating: 0, count: width)
        var scale = [Float](repeating: 1, count: width)
        for column in 0..<width {
            var sum = 0.0
            var squares = 0.0
            for row in 0..<count {
                let value = Double(features[row * width + column])
                sum += value
                squares += value * value
            }
            let average = sum / Double(count)
            mean[column] = Float(average)
            scale[column] = Float(1 / max(squares / Double(count) - average * average, 1e-12).squareRoot())
        }
        self.mean = mean
        self.scale = scale
        self.width = width
        self.classes = classes
        let standardised = LinearProbe.standardise(features, width: width, mean: mean, scale: scale)
        weights = LBFGS.minimise(start: [Float](repeating: 0, count: classes * (width + 1)), iterations: iterations) {
            LinearProbe.loss($0, standardised, labels, width: width, classes: classes, decay: decay)
        }
    }

    /// The most probable class of each row of features.
    public func predict(_ features: [Float]) -> [Int] {
        let rows = LinearProbe.standardise(features, width: width, mean: mean, scale: scale)
        return (0..<rows.count / width).map { row in
            let logits = LinearProbe.logits(weights, rows, row, width: width, classes: classes)
            return logits.indices.max { (logits[$0], -$0) < (logits[$1], -$1) } ?? 0
        }
    }

    private static func standardise(_ features: [Float], width: Int, mean: [Float], scale: [Float]) -> [Float] {
        features.indices.map { (features[$0] - mean[$0 % width]) * scale[$0 % width] }
    }

    private static func logits(
        _ weights: [Float], _ rows: [Float], _ row: Int, width: Int, classes: Int
    ) -> [Float] {
        (0..<classes).map { c in
            let base = c * (width + 1)
            return weights.withUnsafeBufferPointer { w in
                rows.withUnsafeBufferPointer { x in
                    var sums = SIMD8<Float>.zero
                    var column = 0
                    while column + 8 <= width {
                        for lane in 0..<8 { sums[lane] += w[base + column + lane] * x[row * width + column + lane] }
                        column += 8
                    }
                    var sum = sums.sum() + w[base + width]
                    while column < width {
                        sum += w[base + column] * x[row * width + column]
                        column += 1
                    }
                    return sum
                }
            }
        }
    }

    /// The mean cross-entropy with the penalty, and its gradient.
    private static func loss(
        _ weights: [Float], _ rows: [Float], _ labels: [Int], width: Int, classes: Int, decay: Double
    ) -> (value: Double, gradient: [Float]) {
        var total = 0.0
        var gradient = [Float](repeating: 0, count: weights.count)
        let share = 1 / Float(labels.count)
        for (row, label) in labels.enumerated() {
            let scores = logits(weights, rows, row, width: width, classes: classes)
            let highest = scores.max() ?? 0
            let exponentials = scores.map { exp($0 - highest) }
            let sum = exponentials.reduce(0, +)
            total += Double(log(sum) + highest - scores[label])
            for c in 0..<classes {
                let error = (exponentials[c] / sum - (c == label ? 1 : 0)) * share
                let base = c * (width + 1)
                gradient.withUnsafeMutableBufferPointer { g in
                    rows.withUnsafeBufferPointer { x in
                        for column in 0..<width { g[base + column] += error * x[row * width + column] }
                    }
                    g[base + width] += error
                }
            }
        }
        var penalty = 0.0
        for index in weights.indices where index % (width + 1) != width {
            penalty += Double(weights[index]) * Double(weights[index])
            gradient[index] += Float(decay) * weights[index]
        }
        return (total / Double(labels.count) + decay * penalty / 2, gradient)
    }
}
