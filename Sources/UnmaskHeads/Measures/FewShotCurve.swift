/// How many labelled images a linear layer needs: its accuracy by images of each class that it is fitted on.
public struct FewShotCurve: Sendable {
    public struct Point: Sendable, Equatable {
        /// Images of each class; of a class that has fewer, all.
        public let shots: Int
        /// The share of test images that are named right, by the draw of the images.
        public let accuracies: [Double]

        public var mean: Double { accuracies.reduce(0, +) / Double(max(accuracies.count, 1)) }
        /// The standard deviation over the draws.
        public var deviation: Double {
            (accuracies.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(max(accuracies.count, 1))).squareRoot()
        }
    }

    public let points: [Point]

    public static let usualShots = [1, 2, 4, 8, 16]

    /// - Parameters:
    ///   - draws: how often images are drawn anew, from `seed` on.
    ///   - strength: scikit-learn's C; nothing is held out to choose it by.
    public init(
        training: FeatureMatrix, _ trainingLabels: [Int], test: FeatureMatrix, _ testLabels: [Int], classes: Int,
        shots: [Int] = Self.usualShots, draws: Int = 5, strength: Double = 1, seed: UInt64 = 0
    ) throws(HeadError) {
        var points: [Point] = []
        for shots in shots {
            var accuracies: [Double] = []
            for draw in 0..<draws {
                let rows = Self.draw(trainingLabels, shots, seed: seed &+ UInt64(draw))
                let layer = try LogisticRegression(
                    training.gathered(rows), Targets(classes: rows.map { trainingLabels[$0] }, outputs: classes),
                    .init(strengths: [strength], folds: 1)
                ).layer
                let scores = try layer(test)
                let right = testLabels.indices.filter { row in
                    let own = scores[row * classes..<(row + 1) * classes]
                    return own.indices.max { (own[$0], -$0) < (own[$1], -$1) } == row * classes + testLabels[row]
                }
                accuracies.append(Double(right.count) / Double(max(testLabels.count, 1)))
            }
            points.append(Point(shots: shots, accuracies: accuracies))
        }
        self.points = points
    }

    private static func draw(_ labels: [Int], _ shots: Int, seed: UInt64) -> [Int] {
        var random = SplitMix64(seed: seed)
        var taken: [Int: Int] = [:]
        return labels.indices.shuffled(using: &random).filter { row in
            taken[labels[row], default: 0] += 1
            return taken[labels[row], default: 0] <= shots
        }.sorted()
    }
}
