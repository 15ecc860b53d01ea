internal import Foundation

/// Scores of images by layers that were fitted without them.
public struct HeldOutScores: Sendable {
    let targets: Targets
    /// Images, in the order of the scores.
    private(set) var rows: [Int] = []
    /// [rows, outputs], before softmax or sigmoid.
    private(set) var scores: [Float] = []

    init(_ targets: Targets) { self.targets = targets }

    mutating func add(_ scores: [Float], of rows: [Int]) {
        self.rows += rows
        self.scores += scores
    }

    /// The accuracy and the mean cross-entropy of the images that were added last.
    func measured(last count: Int) -> (accuracy: Double, loss: Double) {
        var (right, loss) = (0.0, 0.0)
        for place in rows.count - count..<rows.count {
            let row = self[place]
            let labels = targets.labels[rows[place]]
            if targets.areExclusive {
                let label = Int(labels.first ?? 0)
                right += row.indices.max { (row[$0], -$0) < (row[$1], -$1) } == label ? 1 : 0
                loss += Self.crossEntropy(row, label, temperature: 1)
            } else {
                for output in row.indices {
                    let isTrue = labels.contains(Int32(output))
                    let score = isTrue ? Double(row[output]) : -Double(row[output])
                    right += (score > 0 ? 1 : 0) / Double(row.count)
                    loss += max(-score, 0) + log1p(exp(-abs(score)))
                }
            }
        }
        return (right / Double(max(count, 1)), loss / Double(max(count, 1)))
    }

    /// The scores of one of the images, [outputs].
    subscript(place: Int) -> [Float] { Array(scores[place * targets.outputs..<(place + 1) * targets.outputs]) }

    /// −log of the class's share of the softmax of scores / temperature.
    static func crossEntropy(_ scores: [Float], _ label: Int, temperature: Double) -> Double {
        let highest = Double(scores.max() ?? 0)
        let sum = scores.reduce(0.0) { $0 + exp((Double($1) - highest) / temperature) }
        return log(sum) - (Double(scores[label]) - highest) / temperature
    }
}
