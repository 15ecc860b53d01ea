internal import Foundation
public import UnmaskModel

/// What a head says of one image.
public struct HeadAnswer: Sendable, Equatable {
    /// The highest score first.
    public let scores: [ClassScore]
    /// Whether the head is less sure than it is of images like those it was fitted on.
    public let isUnknown: Bool
}

/// How strange an image looks.
public struct AnomalyAnswer: Sendable, Equatable {
    /// How strange each patch looks, as they lie in the grid.
    public let patches: [Float]
    public let grid: PatchGrid
    /// The largest of them.
    public let score: Float
    /// Whether the score is at least what the head calls anomalous.
    public let isAnomalous: Bool
}

extension Head {
    /// The scores of one vector [D], or of tokens [T, D], as `stamp` has them. Labels below the head's own thresholds are left out where `options`
    /// name none.
    public func answer(_ vector: [Float], _ options: ClassificationOptions) throws(HeadError) -> HeadAnswer {
        guard options.topK > 0 else { throw .invalidParameter("top-k \(options.topK): expected at least 1") }
        guard let usual = self.kind.scores.first else {
            throw .unsupported("a head of kind \(self.kind.rawValue) names the class of every pixel: ask segment")
        }
        let kind = options.scores ?? usual
        guard self.kind.scores.contains(kind) else {
            let offered = self.kind.scores.map(\.rawValue).joined(separator: ", ")
            throw .invalidParameter("scores \(kind.rawValue): a head of kind \(self.kind.rawValue) gives \(offered)")
        }
        let logits = try logits(vector)
        let probabilities = self.kind.isExclusive ? probabilities(logits) : nil
        let numbers = kind == .probabilities ? probabilities ?? logits : logits
        let scores = ClassScore.best(numbers, kind, labels: labels, options)
        let isUnknown = calibration.unknownBelow.map { least in
            (probabilities?.max()).map { Double($0) < least } ?? false
        }
        return HeadAnswer(scores: counted(scores, options, kind), isUnknown: isUnknown ?? false)
    }

    /// All outputs of one vector: what a softmax, or a sigmoid of each, makes probabilities of; a regression's values; of
    /// neighbours the logarithms of their votes; of an anomaly head the image's score.
    private func logits(_ vector: [Float]) throws(HeadError) -> [Float] {
        switch computation {
        case .linear(let layer): return tempered(layer(vector))
        case .attention(let pooling, let layer): return tempered(layer(pooling(vector)))
        case .neighbours(let neighbours):
            return neighbours.votes(of: vector).map { max(log($0), -1e4) }
        case .segmentation: return []
        case .anomaly: return [try anomaly(vector).score]
        }
    }

    /// The class of every pixel of an image, of its patch tokens [T, D].
    ///
    /// Throws for heads of other kinds.
    public func segmentation(_ tokens: [Float]) throws(HeadError) -> ClassGrid {
        guard case .segmentation(let layers, let grid) = computation else {
            throw .unsupported("a head of kind \(kind.rawValue) names no pixels: expected one of kind segment")
        }
        return ClassGrid(grid: grid, scores: try layers(tokens))
    }

    /// How strange an image looks, of what is read of its patches [T, D].
    ///
    /// Throws for heads of other kinds.
    public func anomaly(_ tokens: [Float]) throws(HeadError) -> AnomalyAnswer {
        guard case .anomaly(let scoring, let grid) = computation else {
            throw .unsupported("a head of kind \(kind.rawValue) scores no images: expected one of kind anomaly")
        }
        let patches = try scoring.scores(of: tokens)
        let score = PatchScoring.largest(patches)
        return AnomalyAnswer(
            patches: patches, grid: grid, score: score,
            isAnomalous: Double(score) >= calibration.anomalousFrom)
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
