import Foundation
import Testing

@testable import UnmaskHeads

/// Measures against scikit-learn's.
@Suite struct MeasuresTests {
    private static let oracle = ScikitLearn.shared
    private static var truth: [Int] { Array(oracle.classes[oracle.train...]) }

    private static func best(_ row: [Double]) -> [Int] { row.indices.sorted { row[$0] > row[$1] } }

    @Test func classification() throws {
        let expected = Self.oracle.measures
        var measures = ClassificationMeasures(classes: ["a", "b", "c", "d"])
        for (row, label) in zip(expected.scores, Self.truth) { measures.add(Self.best(row), label: label) }
        #expect(measures.confusion == Array(expected.confusion.joined()))
        for label in 0..<4 {
            let counts = measures.counts(of: label)
            #expect(abs((counts.precision ?? 0) - expected.precision[label]) < 1e-12)
            #expect(abs((counts.recall ?? 0) - expected.recall[label]) < 1e-12)
            #expect(abs((counts.f1 ?? 0) - expected.f1[label]) < 1e-12)
        }
        #expect(measures.calibrationError == nil && measures.top5 == Self.truth.count)
    }

    @Test func aClassWithoutImagesHasNoShare() {
        var measures = ClassificationMeasures(classes: ["a", "b", "c"])
        measures.add([0], label: 0)
        measures.add([0], label: 1)
        #expect(measures.counts(of: 2).recall == nil && measures.counts(of: 2).f1 == nil)
        #expect(measures.counts(of: 1).recall == 0 && measures.counts(of: 1).precision == nil)
        #expect(measures.macroF1 == 1.0 / 3)
    }

    @Test("the calibration error of probabilities whose bins are known")
    func calibrationError() throws {
        var measures = ClassificationMeasures(classes: ["a", "b"])
        for index in 0..<10 { measures.add([0, 1], label: index < 7 ? 0 : 1, probability: 0.95) }
        for index in 0..<30 { measures.add([0, 1], label: index < 15 ? 0 : 1, probability: 0.61) }
        // (10 |0.7 − 0.95| + 30 |0.5 − 0.61|) / 40
        #expect(abs((measures.calibrationError ?? 0) - (2.5 + 3.3) / 40) < 1e-12)
        measures.add([0, 1], label: 0, probability: 1)
        measures.add([0, 1], label: 0, probability: 0)
        #expect(measures.reliability[14].count == 11 && measures.reliability[0].count == 1)
    }

    @Test func temperature() throws {
        var scores = HeldOutScores(try Targets(classes: Self.truth, outputs: 4))
        scores.add(Self.oracle.measures.scores.joined().map { Float($0) }, of: Array(Self.truth.indices))
        #expect(abs(Temperature.fitted(to: scores) / Self.oracle.measures.temperature - 1) < 1e-3)
    }

    @Test("areas and average precisions, ties as scikit-learn counts them", arguments: 0..<3)
    func tags(_ label: Int) throws {
        let expected = Self.oracle.measures
        let isTrue = Self.oracle.tags[Self.oracle.train...].map { $0.contains(label) }
        let measures = TagMeasures(scores: expected.tag_scores.map { Float($0[label]) }, isTrue: isTrue)
        #expect(abs((measures.auroc ?? 0) - expected.auroc[label]) < 1e-12)
        #expect(abs((measures.averagePrecision ?? 0) - expected.average_precision[label]) < 1e-12)
        #expect(TagMeasures(scores: [1, 2], isTrue: [true, true]).auroc == nil)
    }

    @Test("the threshold with the best F1 of all that there are")
    func threshold() throws {
        let scores: [Float] = [0.9, 0.8, 0.7, 0.4, 0.3, 0.2]
        let isTrue = [true, true, false, true, false, false]
        #expect(abs(TagMeasures.bestThreshold(scores: scores, isTrue: isTrue) - 0.35) < 1e-6)
        #expect(TagMeasures.bestThreshold(scores: scores, isTrue: Array(repeating: false, count: 6)) == 0.5)
    }

    @Test func regression() throws {
        let expected = Self.oracle.measures
        let measures = RegressionMeasures(
            predicted: Self.oracle.ridge[0].values.map { $0[0] },
            expected: Self.oracle.values[Self.oracle.train...].map { $0[0] })
        #expect(abs((measures.r2 ?? 0) - expected.r2) < 1e-12)
        #expect(abs(measures.meanError - expected.mean_error) < 1e-12)
    }
}
