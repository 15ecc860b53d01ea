import Testing

@testable import UnmaskHeads

/// Neighbours and ridge regression against scikit-learn's.
@Suite struct OtherHeadsTests {
    private static let oracle = ScikitLearn.shared

    @Test("votes are scikit-learn's, one by one and together", arguments: 0..<3)
    func votes(_ index: Int) throws {
        let expected = Self.oracle.neighbours[index]
        let neighbours = try NearestNeighbours(
            vectors: Array(Self.oracle.features[..<Self.oracle.train].joined()), width: Self.oracle.width,
            labels: Array(Self.oracle.classes[..<Self.oracle.train]), classes: 4, k: expected.k)
        let together = try neighbours.votes(
            of: FeatureMatrix(Array(Self.oracle.unseen.joined()), width: Self.oracle.width))
        #expect(relativeDifference(together, expected.votes) < 1e-4)
        #expect(relativeDifference(Self.oracle.unseen.map(neighbours.votes), expected.votes) < 1e-4)
    }

    @Test("an image is no neighbour of its own where k is chosen")
    func leaveOneOut() throws {
        // Pairs of equal vectors of different classes: the nearest other is always of the other class.
        let best = try NearestNeighbours.best(
            of: [1], vectors: [1, 0, 1, 0, 0, 1, 0, 1], width: 2, labels: [0, 1, 0, 1], classes: 2)
        #expect(best.accuracy == 0)
    }

    @Test("ridge regression's predictions are scikit-learn's", arguments: 0..<2)
    func ridge(_ index: Int) throws {
        let expected = Self.oracle.ridge[index]
        let fitted = try RidgeRegression(
            Self.oracle.fitted(), values: Array(Self.oracle.values[..<Self.oracle.train].joined()), outputs: 2,
            penalties: [expected.alpha])
        #expect(relativeDifference(Self.oracle.unseen.map { fitted.layer($0) }, expected.values) < 1e-5)
    }

    @Test("the penalty with the best held-out R² is chosen, each fold's sums taken off the whole's")
    func ridgeValidation() throws {
        let fitted = try RidgeRegression(
            Self.oracle.fitted(), values: Array(Self.oracle.values[..<Self.oracle.train].joined()), outputs: 2,
            penalties: [1e-3, 1, 1e5])
        #expect(
            fitted.penalty < 1e5
                && fitted.trials.map(\.r2).max() == fitted.trials.first { $0.penalty == fitted.penalty }?.r2)
        // What is fitted without an image does not know it: noise is not predicted.
        var random = SplitMix64(seed: 3)
        let noise = (0..<Self.oracle.train).map { _ in Double.random(in: -1...1, using: &random) }
        let noisy = try RidgeRegression(Self.oracle.fitted(), values: noise, outputs: 1, penalties: [1e-3, 1])
        #expect(noisy.trials.allSatisfy { $0.r2 < 0 })
    }

    @Test("principal components are scikit-learn's, signs and number too", arguments: 0..<3)
    func components(_ index: Int) throws {
        let expected = Self.oracle.components[index]
        let fitted = try PrincipalComponents(
            Self.oracle.fitted(), dimensions: expected.dimensions, isWhitened: expected.whiten)
        #expect(fitted.variances.count == expected.variances.count)
        for (found, variance) in zip(fitted.variances, expected.variances) { #expect(abs(found / variance - 1) < 1e-6) }
        #expect(abs(fitted.share - expected.share) < 1e-9)
        #expect(relativeDifference(Self.oracle.unseen.map { fitted.layer($0) }, expected.values) < 1e-5)
    }

    @Test("what cannot be projected is refused by name")
    func noComponents() throws {
        let vectors = try Self.oracle.fitted()
        // A column is constant, so that the last direction has no variance.
        for (dimensions, isWhitened, word) in [
            (12, true, "no variance"), (13, false, "1 to 12"), (0, false, "1 to 12"),
        ] {
            let error = #expect(throws: HeadError.self) {
                try PrincipalComponents(vectors, dimensions: dimensions, isWhitened: isWhitened)
            }
            #expect(error?.description.contains(word) ?? false, "\(error?.description ?? "")")
        }
        let error = #expect(throws: HeadError.self) { try PrincipalComponents(FeatureMatrix([1, 2, 1, 2], width: 2)) }
        #expect(error?.description.contains("equal") ?? false)
    }

    @Test("more images of each class are named better by, and the same draws give the same accuracy")
    func fewShots() throws {
        let test = try FeatureMatrix(Array(Self.oracle.unseen.joined()), width: Self.oracle.width)
        let curves = try (0..<2).map { _ in
            try FewShotCurve(
                training: Self.oracle.fitted(), Array(Self.oracle.classes[..<Self.oracle.train]), test: test,
                Array(Self.oracle.classes[Self.oracle.train...]), classes: 4, shots: [1, 20], draws: 4)
        }
        #expect(curves[0].points == curves[1].points && curves[0].points.map(\.accuracies.count) == [4, 4])
        #expect(curves[0].points[1].mean > curves[0].points[0].mean, "\(curves[0].points)")
        #expect(Set(curves[0].points[0].accuracies).count > 1, "each draw takes other images")
    }
}
