public import UnmaskModel

/// What is fitted on a frozen backbone's vectors, with all that is needed to use it again.
public struct Head: Sendable {
    public enum Computation: Sendable {
        case linear(AffineLayer)
        case neighbours(NearestNeighbours)
        /// A linear layer over what attends to patch tokens.
        case attention(AttentionPooling, AffineLayer)
        /// The scores of each patch, which are interpolated between them.
        case segmentation(TokenLayers, PatchGrid)
        /// How strange each patch looks beside those of good images.
        case anomaly(PatchScoring, PatchGrid)

        /// Outputs, and numbers of a vector or token that it reads.
        var shape: (outputs: Int, width: Int) {
            switch self {
            case .linear(let layer): (layer.outputs, layer.width)
            case .neighbours(let neighbours): (neighbours.classes, neighbours.width)
            case .attention(let pooling, let layer): (layer.outputs, pooling.width)
            case .segmentation(let layers, _): (layers.classes, layers.width)
            case .anomaly(let scoring, _): (1, scoring.width)
            }
        }

        /// How the patch tokens lie that it reads; nil where that does not matter.
        public var grid: PatchGrid? {
            switch self {
            case .linear, .neighbours, .attention: nil
            case .segmentation(_, let grid), .anomaly(_, let grid): grid
            }
        }
    }

    /// What the numbers of a linear head's outputs stand for.
    public struct Calibration: Sendable, Codable, Equatable {
        /// What scores are divided by before the softmax.
        public var temperature: Double
        /// An image whose most probable class is less probable than this is unknown; nil: none is.
        public var unknownBelow: Double?
        /// The probability from which a label counts, by label, or the score from which an image is anomalous; nil for heads
        /// whose classes exclude one another.
        public var thresholds: [Double]?

        /// The score from which an image is anomalous; without thresholds none is.
        public var anomalousFrom: Double { thresholds?.first ?? .infinity }

        public init(temperature: Double = 1, unknownBelow: Double? = nil, thresholds: [Double]? = nil) {
            (self.temperature, self.unknownBelow, self.thresholds) = (temperature, unknownBelow, thresholds)
        }
    }

    public let kind: HeadKind
    public let computation: Computation
    /// Of the outputs, in order.
    public let labels: [String]
    /// Of the vectors that it reads.
    public let stamp: Stamp
    public let calibration: Calibration
    /// How it was fitted, in words: what was chosen and measured, the seed, the images.
    public let fit: [String: String]

    public init(
        kind: HeadKind, computation: Computation, labels: [String], stamp: Stamp,
        calibration: Calibration = Calibration(), fit: [String: String] = [:]
    ) throws(HeadError) {
        let (outputs, width) = computation.shape
        if case .attention(let pooling, let layer) = computation, layer.width != pooling.width {
            throw .data("a layer of \(layer.width) numbers over pooling of \(pooling.width): expected as many")
        }
        guard kind.readsTokens == (stamp.pooling == .tokens) else {
            throw .data("a head of kind \(kind.rawValue) whose stamp says pooling \(stamp.pooling.rawValue)")
        }
        if let grid = computation.grid, grid.count != stamp.tokens {
            throw .data(
                "a grid of \(grid.rows) × \(grid.columns) patches whose stamp says \(stamp.tokens) of an image")
        }
        guard labels.count == outputs, outputs > 0 else {
            throw .data("\(labels.count) labels for a head of \(outputs) outputs: expected one for each")
        }
        guard stamp.dimension == width else {
            throw .data("a head of vectors of \(width) numbers whose stamp says \(stamp.dimension)")
        }
        guard let sources = stamp.sources else {
            throw .data("a stamp whose output is \(stamp.output ?? ""): expected sources such as blocks.7")
        }
        let reads = AnomalyMeasure(of: sources)
        if case .anomaly(let scoring, _) = computation, scoring.measure != reads {
            throw .data("a head that scores by \(scoring.measure.rawValue) whose stamp is of \(reads.rawValue)")
        }
        if kind != .anomaly, reads != .memory {
            throw .data(
                "a head of kind \(kind.rawValue) over errors of masked reconstruction, which only anomaly reads")
        }
        guard calibration.temperature > 0, calibration.temperature.isFinite else {
            throw .data("a temperature of \(calibration.temperature): expected a positive number")
        }
        if let thresholds = calibration.thresholds, thresholds.count != outputs {
            throw .data("\(thresholds.count) thresholds for \(outputs) labels: expected one for each")
        }
        self.kind = kind
        self.computation = computation
        self.labels = labels
        self.stamp = stamp
        self.calibration = calibration
        self.fit = fit
    }

    /// How the vectors that it reads are made.
    public var embedding: EmbeddingOptions {
        EmbeddingOptions(pooling: stamp.pooling, normalize: stamp.normalized, sources: stamp.sources ?? [.final])
    }

    /// Throws where vectors of another stamp would be read, with what differs.
    /// - Parameter name: what the head is called.
    public func requireFit(for other: Stamp, name: String) throws(HeadError) {
        let differences = stamp.differences(from: other)
        guard differences.isEmpty else {
            throw .otherBackbone(
                "\(name) was fitted on other vectors than it would read here: \(differences.joined(separator: "; ")) "
                    + "(the head's first); fit it again, or use the model and options that it was fitted with")
        }
    }
}
