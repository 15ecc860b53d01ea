import Foundation
import Testing
import UnmaskGraph

@testable import UnmaskHeads

/// Logistic regression against scikit-learn's, on the same features.
@Suite struct LogisticRegressionTests {
    private static let oracle = ScikitLearn.shared

    private static func targets() throws -> Targets {
        try Targets(classes: Array(oracle.classes[..<oracle.train]), outputs: 4)
    }

    private static func options(_ c: Double, isBalanced: Bool = false) -> LogisticRegression.Options {
        .init(strengths: [c], folds: 1, isBalanced: isBalanced, maximumIterations: 5000, tolerance: 1e-7)
    }

    @Test("the scores of unseen images are scikit-learn's, at any strength and class weights", arguments: 0..<4)
    func scores(_ index: Int) throws {
        let expected = Self.oracle.logistic[index]
        let fitted = try LogisticRegression(
            Self.oracle.fitted(), Self.targets(),
            Self.options(expected.C, isBalanced: expected.balanced ?? false))
        // The softmax leaves open what is common to all classes; scikit-learn's penalty sets the weights' share, not the
        // biases'.
        func centred(_ row: [Double]) -> [Double] { row.map { $0 - row.reduce(0, +) / Double(row.count) } }
        let found = Self.oracle.unseen.map { centred(fitted.layer($0).map(Double.init)).map { Float($0) } }
        #expect(relativeDifference(found, expected.scores.map(centred)) < 2e-3)
        #expect(fitted.trials.isEmpty && fitted.heldOut == nil)
    }

    @Test func labelsThatDoNotExcludeOneAnother() throws {
        let targets = try Targets(tags: Array(Self.oracle.tags[..<Self.oracle.train]), outputs: 3)
        let fitted = try LogisticRegression(Self.oracle.fitted(), targets, Self.options(Self.oracle.tag.C))
        let found = Self.oracle.unseen.map { fitted.layer($0) }
        #expect(relativeDifference(found, Self.oracle.tag.scores) < 2e-3)
    }

    @Test("the gradient is the value's, by differences")
    func gradient() throws {
        let features = try Self.oracle.fitted()
        for targets in [
            try Self.targets(), try Targets(tags: Array(Self.oracle.tags[..<Self.oracle.train]), outputs: 3),
        ] {
            var weights = targets.balanced()
            weights[3] = 0
            let objective = try LogisticObjective(
                features: features, standardisation: Standardisation(features), targets: targets, weights: weights,
                penalty: 0.1)
            var random = SplitMix64(seed: 1)
            let point = (0..<objective.parameterCount).map { _ in Double.random(in: -1...1, using: &random) }
            let gradient = objective(point).gradient
            for index in stride(from: 0, to: point.count, by: 7) {
                var (above, below) = (point, point)
                above[index] += 1e-2
                below[index] -= 1e-2
                let slope = (objective(above).value - objective(below).value) / 2e-2
                #expect(abs(slope - gradient[index]) < 1e-3 * max(1, abs(slope)), "component \(index)")
            }
        }
    }

    @Test("the same bits from memory and from a mapped file, however often")
    func bits() throws {
        let folder = NSTemporaryDirectory() + "unmask-heads-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let values = Array(Self.oracle.features[..<Self.oracle.train].joined())
        try values.withUnsafeBytes { Data($0) }.write(to: URL(fileURLWithPath: folder))
        let file = try MappedFile(path: folder)
        let mapped = try FeatureMatrix(
            try #require(
                Tensor(
                    shape: [Self.oracle.train, Self.oracle.width], type: .f32,
                    contents: .mapped(file, 0..<file.byteCount))))
        let options = LogisticRegression.Options(strengths: [0.1, 1], folds: 3, seed: 5)
        let first = try LogisticRegression(Self.oracle.fitted(), Self.targets(), options)
        for features in [mapped, try Self.oracle.fitted()] {
            let again = try LogisticRegression(features, Self.targets(), options)
            #expect(again.layer == first.layer && again.trials == first.trials)
        }
        let other = try LogisticRegression(
            Self.oracle.fitted(), Self.targets(), .init(strengths: [0.1, 1], folds: 3, seed: 6))
        #expect(other.trials != first.trials, "the seed deals the folds")
    }

    @Test("the strength that the folds favour is chosen, and every image is held out once")
    func crossValidation() throws {
        let fitted = try LogisticRegression(
            Self.oracle.fitted(), Self.targets(), .init(strengths: [1e-6, 0.1, 1e4], folds: 5))
        #expect(fitted.trials.count == 3)
        #expect(fitted.strength == 0.1, "\(fitted.trials)")
        #expect(fitted.heldOut?.rows.sorted() == Array(0..<Self.oracle.train))
    }

    @Test func whatCannotBeFittedIsRefused() throws {
        let features = try FeatureMatrix([1, 2, 3, 4], width: 2)
        #expect(throws: HeadError.self) { try LogisticRegression(features, Targets(classes: [0, 0], outputs: 2)) }
        #expect(throws: HeadError.self) { try LogisticRegression(features, Targets(classes: [0], outputs: 2)) }
        #expect(throws: HeadError.self) { try Targets(classes: [0, 2], outputs: 2) }
        #expect(throws: HeadError.self) { try Targets(tags: [[0], [-1]], outputs: 2) }
        let bad = try FeatureMatrix([1, 2, .nan, 4], width: 2)
        let error = #expect(throws: HeadError.self) {
            try LogisticRegression(bad, Targets(classes: [0, 1], outputs: 2))
        }
        #expect(error?.description.contains("image 1") ?? false)
        #expect(throws: HeadError.self) { try FeatureMatrix([1, 2, 3], width: 2) }
    }
}
