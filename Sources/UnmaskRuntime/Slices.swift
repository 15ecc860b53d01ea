internal import UnmaskGraph

/// How work in the background shares an engine: in slices, between which the passes of other sessions have their turn, and
/// most of the time where they want it (`BackgroundShare`).
public struct Slices: Sendable {
    /// What a slice holds, as `Plan.work` counts, about ten milliseconds' worth; a step that takes more is one slice.
    public var work: Int
    /// Called after each weight that is packed and between the slices of a pass, while the engine is free.
    public var between: @Sendable () -> Void

    public init(work: Int = 1 << 30, between: @escaping @Sendable () -> Void = {}) {
        self.work = work
        self.between = between
    }
}

extension Plan {
    /// What a pass takes, in multiplications and additions of a kernel. A step without a kernel takes as long as this
    /// many times its own, and a step that only moves elements counts them.
    public var work: Int { saturatingSum(instructions.indices.lazy.map(work(ofStep:))) }

    /// Of the step that takes the most, and so of the longest slice.
    public var largestStepWork: Int { instructions.indices.reduce(0) { max($0, work(ofStep: $1)) } }

    /// How much longer the definitions take than kernels do, about.
    private static let evaluationFactor = 64

    private func work(ofStep index: Int) -> Int {
        let flops = max(steps[index].flops, steps[index].shape.reduce(1, *))
        if case .evaluate = instructions[index] { return saturatingProduct(flops, Plan.evaluationFactor) }
        return flops
    }

    /// The steps from `start` on that make one slice: all that are left where there are no slices.
    func slice(from start: Int, _ slices: Slices?) -> Range<Int> {
        guard let slices else { return start..<instructions.count }
        var (end, left) = (start, slices.work)
        repeat {
            left -= min(work(ofStep: end), left)
            end += 1
        } while end < instructions.count && work(ofStep: end) <= left
        return start..<end
    }
}
