/// What is known of each model's answer to the golden image, and for how long it holds.
///
/// The golden images of all models together take at most 1/`spacing` of the engine, however many ask and whatever the
/// models: what they cost decides when the next may run.
struct Trials: Sendable {
    struct Trial: Sendable {
        var report: Readiness.ModelReport
        var ended: ContinuousClock.Instant
        /// Of the model that was tried: another that has its name now is not vouched for.
        var work: WorkRecord
    }

    /// Between two golden images of a model pass at least so many times what those of all models cost.
    static let spacing = 50
    static let shortest = Duration.seconds(1)
    /// After which also a model that does its work is tried with the golden image, which shows more than finite numbers.
    static let comparison = Duration.seconds(60)

    private var trials: [String: Trial] = [:]
    /// The latest of each name, kept also where a later trial never came to an end.
    private var costs: [String: Duration] = [:]

    /// How long a trial holds.
    var lifetime: Duration { max(Self.shortest, costs.values.reduce(.zero, +) * Self.spacing) }

    /// What holds of a model, or nil where it has to be tried.
    func report(of model: RegisteredModel, now: ContinuousClock.Instant) -> Readiness.ModelReport? {
        guard let trial = trials[model.name], trial.work === model.work else { return nil }
        if now < trial.ended + lifetime { return trial.report }
        guard trial.report.problem == nil, now < trial.ended + Self.comparison,
            let success = model.work.lastSuccess, success > trial.ended, now < success + lifetime
        else { return nil }
        return trial.report
    }

    /// - Parameter cost: of the engine's time; nil where nothing is known of it.
    mutating func record(
        _ report: Readiness.ModelReport, of model: RegisteredModel, cost: Duration?, now: ContinuousClock.Instant
    ) {
        trials[model.name] = Trial(report: report, ended: now, work: model.work)
        if let cost { costs[model.name] = cost }
    }

    /// Forgets models that are not there any more.
    mutating func keep(_ names: Set<String>) {
        trials = trials.filter { names.contains($0.key) }
        costs = costs.filter { names.contains($0.key) }
    }
}
