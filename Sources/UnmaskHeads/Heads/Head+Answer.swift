internal import Foundation
public import UnmaskModel

/// What a head says of one image.
public struct HeadAnswer: Sendable, Equatable {
    /// The highest score first.
    public let scores: [ClassScore]
    /// Whether the head is less sure than it is of images like those it was fitted on.
    public let isUnknown: Bool
}

extension Head {
    /// The scores of one vector [D], or of tokens [T, D], as `stamp` has them. Labels below the head's own thresholds are left out where `options`
    /// name none.
    public func answer(_ vector: [Float], _ options: ClassificationOptions) throws(HeadError) -> HeadAnswer {
        guard options.topK > 0 else { throw .invalidParameter("top-k \(options.topK): expected at least 1") }
        let kind = options.scores ?? self.kind.scores[0]
        guard self.kind.scores.contains(kind) else {
            let offered = self.kind.scores.map(\.rawValue).joined(separator: ", ")
            throw .invalidParameter("scores \(kind.rawValue): a head of kind \(self.kind.rawValue) gives \(offered)")
        }
        let logits = logits(vector)
        let probabilities = self.kind.isExclusive ? probabilities(logits) : nil
        let numbers = kind == .probabilities ? probabilities ?? logits : logits
        let scores = ClassScore.best(numbers, kind, labels: labels, options)
        let isUnknown = calibration.unknownBelow.map { least in
            (probabilities?.max()).map { Double($0) < least } ?? false
        }
        return HeadAnswer(scores: counted(scores, options, kind), isUnknown: isUnknown ?? false)
    }

    /// All outputs of one vector: what a softmax, or a sigmoid of each, makes probabilities of; a regression's values; of
    /// neighbours the logarithms of their votes.
    public func logits(_ vector: [Float]) -> [Float] {
        switch computation {
        case .linear(let layer): return tempered(layer(vector))
        case .attention(let pooling, let layer): return tempered(layer(pooling(vector)))
        case .neighbours(let neighbours):
            return neighbours.votes(of: vector).map { max(log($0), -1e4) }
        }
    }

    private func tempered(_ scores: [Float]) -> [Float] {
        let temperature = Float(calibration.temperature)
        return temperature == 1 ? scores : scores.map { $0 / temperature }
    }

    /// The probabilities of classes that exclude one another, summing to 1.
    public func probabilities(_ logits: [Float]) -> [Float] {
        var row = logits
        row.withUnsafeMutableBufferPointer { _ = Link.softmax($0) }
        return row
    }

    private func counted(_ scores: [ClassScore], _ options: ClassificationOptions, _ kind: ScoreKind) -> [ClassScore] {
        guard let thresholds = calibration.thresholds, options.threshold == nil, kind == .sigmoid else { return scores }
        return scores.filter { $0.score.isNaN || Double($0.score) >= thresholds[$0.index] }
    }
}
