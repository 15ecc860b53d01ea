/// Chooses how strong a logistic regression is by images that it has not seen.
enum CrossValidation {
    struct Result {
        let strength: Double
        let trials: [LogisticRegression.Trial]
        let heldOut: HeldOutScores
    }

    /// Held-out scores that are kept of one strength, in numbers: every m-th held-out image where all would be more.
    private static let mostScores = 5_000_000

    /// Of each fold, from the weakest weights to the strongest, each fit beginning where the last ended.
    ///
    /// - Returns: nil where nothing is held out.
    static func strengths(
        of problem: LogisticRegression.Problem, _ progress: (String) -> Void
    ) throws(HeadError) -> Result? {
        let (targets, options) = (problem.targets, problem.options)
        let folds = Folds(targets, count: options.folds, seed: options.seed)
        guard folds.count > 1 else { return nil }
        let stride = max(1, targets.count * targets.outputs / mostScores)
        var tallies = options.strengths.map { _ in Tally() }
        var held = options.strengths.map { _ in HeldOutScores(targets) }
        for fold in 0..<folds.count {
            let rows = folds.rows(of: fold)
            let seen = rows.enumerated().compactMap { $0.offset % stride == 0 ? $0.element : nil }
            let unseen = try problem.features.gathered(seen)
            var weights = problem.weights
            for row in rows { weights[row] = 0 }
            var start: [Double]?
            for (index, strength) in options.strengths.enumerated() {
                progress("fold \(fold + 1) of \(folds.count), C \(strength)")
                let fit = try problem.fit(strength: strength, weights: weights, from: start)
                start = fit.x
                let layer = problem.standardisation.folded(fit.x, outputs: targets.outputs)
                held[index].add(try layer(unseen), of: seen)
                tallies[index].add(held[index], last: seen.count)
            }
        }
        let trials = zip(options.strengths, tallies).map { $1.trial(strength: $0) }
        // As scikit-learn chooses, by accuracy; among equals the smaller loss.
        let best = trials.indices.max {
            (trials[$0].accuracy, -trials[$0].loss) < (trials[$1].accuracy, -trials[$1].loss)
        }
        guard let best else { return nil }
        return Result(strength: trials[best].strength, trials: trials, heldOut: held[best])
    }

    private struct Tally {
        var accuracies: [Double] = []
        var losses: [Double] = []

        mutating func add(_ scores: HeldOutScores, last count: Int) {
            let (accuracy, loss) = scores.measured(last: count)
            accuracies.append(accuracy)
            losses.append(loss)
        }

        func trial(strength: Double) -> LogisticRegression.Trial {
            func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(max(values.count, 1)) }
            return .init(strength: strength, accuracy: mean(accuracies), loss: mean(losses))
        }
    }
}
