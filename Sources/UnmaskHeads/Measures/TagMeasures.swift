/// How well scores of one label tell the images that have it from those that do not.
public struct TagMeasures: Sendable, Equatable {
    public let images: Int
    public let positives: Int
    /// The area under the receiver operating characteristic: how often an image with the label scores more than one without,
    /// ties as a half. Nil where all images have it, or none.
    public let auroc: Double?
    /// The average precision over the images that have it (scikit-learn's `average_precision_score`); nil where none has.
    public let averagePrecision: Double?

    /// - Parameters:
    ///   - scores: of each image.
    ///   - isTrue: whether it has the label.
    public init(scores: [Float], isTrue: [Bool]) {
        images = scores.count
        positives = isTrue.filter(\.self).count
        let order = scores.indices.sorted { scores[$0] > scores[$1] }
        var (seen, right, pairs, precision) = (0, 0, 0.0, 0.0)
        var start = 0
        while start < order.count {
            var end = start
            while end < order.count, scores[order[end]] == scores[order[start]] { end += 1 }
            let tied = order[start..<end].filter { isTrue[$0] }.count
            let (others, wrongBefore) = (end - start - tied, seen - right)
            pairs += Double(tied) * (Double(images - positives - wrongBefore) - Double(others) / 2)
            (seen, right) = (seen + end - start, right + tied)
            precision += Double(tied) * Double(right) / Double(seen)
            start = end
        }
        let negatives = images - positives
        auroc = positives > 0 && negatives > 0 ? pairs / (Double(positives) * Double(negatives)) : nil
        averagePrecision = positives > 0 ? precision / Double(positives) : nil
    }

    /// The threshold of which the answers' F1 is best, halfway between two scores; 1/2 where no image has the label.
    public static func bestThreshold(scores: [Float], isTrue: [Bool]) -> Double {
        let positives = isTrue.filter(\.self).count
        guard positives > 0 else { return 0.5 }
        let order = scores.indices.sorted { scores[$0] > scores[$1] }
        var (right, best, threshold) = (0, -1.0, 0.5)
        for (place, row) in order.enumerated() {
            right += isTrue[row] ? 1 : 0
            let next = place + 1 < order.count ? scores[order[place + 1]] : nil
            guard next != scores[row] else { continue }
            let f1 = 2 * Double(right) / Double(place + 1 + positives)
            if f1 > best { (best, threshold) = (f1, (Double(scores[row]) + Double(next ?? 0)) / 2) }
        }
        return threshold
    }
}
