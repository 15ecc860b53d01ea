/// Where a score stands among those of good images that were held out: what lies under one scale, whatever it measures.
public struct ScoreRanks: Sendable, Equatable {
    /// Scores of good images, ascending.
    public let ascending: [Float]

    /// - Throws: where there are none, or the highest is no positive number, so that nothing could be told apart.
    public init(_ scores: [Float]) throws(HeadError) {
        let ascending = scores.sorted()
        guard let highest = ascending.last, scores.allSatisfy({ $0 >= 0 && $0.isFinite }), highest > 0 else {
            throw .data(
                "the scores of \(scores.count) good images that were held out: expected numbers from 0 up, and one above 0"
            )
        }
        self.ascending = ascending
    }

    /// From 0 on: for what good images score the share of them that scores less, 1 being the highest of them, interpolated between
    /// two; for more than any how many times the highest it is. Ascending, and continuous but where several scored the same.
    public func rank(of score: Float) -> Float {
        let (count, highest) = (ascending.count, ascending[ascending.count - 1])
        guard score < highest else { return score / highest }
        var (low, high) = (0, count - 1)
        // The first that scores more.
        while low < high {
            let middle = (low + high) / 2
            if ascending[middle] > score { high = middle } else { low = middle + 1 }
        }
        let before = low == 0 ? 0 : ascending[low - 1]
        let share = (score - before) / (ascending[low] - before)
        return (Float(low) + share) / Float(count)
    }
}
