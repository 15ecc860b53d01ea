public import UnmaskRuntime

/// How a model is made ready beside others that share its engine.
public struct WarmUp: Sendable {
    public var slices: Slices
    /// What the golden image may take, as `Plan.work` counts: about a quarter of a minute on two cores. A model that takes
    /// more is prepared, and not tried.
    public var work: Int
    /// What one step of it may take: others wait for so long, about a third of a second.
    public var stepWork: Int
    /// Told what was left out.
    public var note: @Sendable (String) -> Void

    public init(
        slices: Slices = Slices(), work: Int = 1 << 41, stepWork: Int = 1 << 35,
        note: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.slices = slices
        self.work = work
        self.stepWork = stepWork
        self.note = note
    }
}

extension ModelSession {
    /// Makes plans and packs weights for full batches of all that the model can be asked, so that no request pays for it,
    /// and runs the golden image once. Passes of other sessions on the engine wait for a slice of it at most.
    ///
    /// - Returns: what the model makes of the golden image; nil where it makes nothing of it or was not tried, of which
    ///   `warmUp.note` is told.
    public func warmUp(_ warmUp: WarmUp = WarmUp()) throws(ModelError) -> GoldenVector? {
        for task in ownTasks { try prepare(task, slices: warmUp.slices) }
        guard let task = goldenTask else { return nil }
        let plan = try prepare(task, batch: 1, slices: warmUp.slices)
        guard plan.work <= warmUp.work, plan.largestStepWork <= warmUp.stepWork else {
            warmUp.note(
                "\(model.name) was not tried on the golden image: an image takes the work of \(plan.work >> 30) GFLOP, its "
                    + "longest step \(plan.largestStepWork >> 30); loading spends \(warmUp.work >> 30) and "
                    + "\(warmUp.stepWork >> 30) at most")
            return nil
        }
        return try goldenVector(slices: warmUp.slices)
    }
}

extension ModelSession {
    /// What the model is for, most usual first.
    package var ownTasks: [ModelTask] {
        (model.interface.width > 0 ? [.embed(nil)] : []) + (model.hasHead ? [.classify] : [])
            + (model.hasDecoder ? [.reconstruct] : [])
    }
}
