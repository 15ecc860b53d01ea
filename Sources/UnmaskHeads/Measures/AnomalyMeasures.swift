/// How well scores tell anomalous images from good ones.
public struct AnomalyMeasures: Sendable, Equatable {
    /// What good images are labelled.
    public static let good = "good"

    /// Whatever the threshold.
    public let ranking: TagMeasures
    /// From which an image is called anomalous.
    public let threshold: Double
    /// Good images that are called anomalous.
    public let falseAlarms: Int
    /// Anomalous images that are.
    public let caught: Int

    public var good: Int { ranking.images - ranking.positives }

    public init(scores: [Float], isAnomalous: [Bool], threshold: Double) {
        ranking = TagMeasures(scores: scores, isTrue: isAnomalous)
        self.threshold = threshold
        let called = zip(scores, isAnomalous).filter { Double($0.0) >= threshold }
        falseAlarms = called.filter { !$0.1 }.count
        caught = called.filter(\.1).count
    }
}
