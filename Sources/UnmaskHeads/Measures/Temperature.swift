internal import Foundation

/// Makes probabilities say how often they are right (Guo et al. 2017): scores are divided by one number, which makes held-out
/// images most likely.
public enum Temperature {
    /// The number, by golden-section search over its logarithm: the loss is convex in its inverse.
    ///
    /// - Returns: 1 where there is nothing to go by.
    public static func fitted(to scores: HeldOutScores) -> Double {
        guard scores.targets.areExclusive, !scores.rows.isEmpty else { return 1 }
        func loss(_ logarithm: Double) -> Double {
            let temperature = exp(logarithm)
            return scores.rows.indices.reduce(0) { sum, place in
                let label = Int(scores.targets.labels[scores.rows[place]].first ?? 0)
                return sum + HeldOutScores.crossEntropy(scores[place], label, temperature: temperature)
            }
        }
        let ratio = (5.0.squareRoot() - 1) / 2
        var (low, high) = (log(0.05), log(20.0))
        var (a, b) = (high - ratio * (high - low), low + ratio * (high - low))
        var (atA, atB) = (loss(a), loss(b))
        while high - low > 1e-4 {
            if atA < atB {
                (high, b, atB) = (b, a, atA)
                a = high - ratio * (high - low)
                atA = loss(a)
            } else {
                (low, a, atA) = (a, b, atB)
                b = low + ratio * (high - low)
                atB = loss(b)
            }
        }
        return exp((low + high) / 2)
    }

    /// The probability below which that share of the held-out images that are named right falls: what is less sure is called
    /// unknown.
    public static func threshold(_ scores: HeldOutScores, temperature: Double, losing share: Double) -> Double {
        var sure: [Double] = []
        for place in scores.rows.indices {
            let row = scores[place]
            guard let best = row.indices.max(by: { row[$0] < row[$1] }),
                best == Int(scores.targets.labels[scores.rows[place]].first ?? -1)
            else { continue }
            sure.append(exp(-HeldOutScores.crossEntropy(row, best, temperature: temperature)))
        }
        sure.sort()
        return sure.isEmpty ? 0 : sure[min(sure.count - 1, Int(share * Double(sure.count)))]
    }
}
