import UnmaskModel

/// The tokens that an image costs: which patches the encoder sees, and how many tokens each block merges into others.
struct TokenUse: Sendable, Equatable {
    var mask: Mask
    var merge: Int
}

/// What a request may cost, and what it allows the server to make of that when the queue is long.
struct TokenBudget: Sendable {
    /// What was asked for.
    var asked: TokenUse
    /// From a little less than that to the least that is allowed; empty where nothing else is.
    var lowered: [TokenUse] = []

    /// What is used at a step of `TokenPressure`: 0 for what was asked for.
    func use(atStep step: Int) -> TokenUse {
        lowered.isEmpty || step <= 0 ? asked : lowered[min(step, lowered.count) - 1]
    }

    /// - Parameters:
    ///   - keepMin: the least share of the image's patches; nil: no fewer than asked for.
    ///   - mergeMax: the most tokens that a block merges; nil: no more than asked for.
    init(
        asked: TokenUse, keep: Double, keepMin: Double?, seed: UInt64, mergeMax: Int?
    ) throws(ModelError) {
        self.asked = asked
        guard keepMin ?? keep < keep || mergeMax ?? asked.merge > asked.merge else { return }
        for step in 1...TokenPressure.steps {
            var use = asked
            let part = Double(step) / Double(TokenPressure.steps)
            if let keepMin, keepMin < keep {
                let share = step == TokenPressure.steps ? keepMin : keep - (keep - keepMin) * part
                use.mask = try .random(patches: asked.mask.patches, keeping: share, seed: seed)
            }
            if let mergeMax { use.merge += (mergeMax - asked.merge) * step / TokenPressure.steps }
            lowered.append(use)
        }
    }

    init(asked: TokenUse) {
        self.asked = asked
    }
}

/// How long the queue is, and what follows from it for requests that allow fewer tokens. It only decides: no clock.
///
/// The pressure is the larger of two shares: images that wait, of those that may; and how long they will take, of how long
/// a request may wait. Up to a quarter everything runs as it was asked for; from there to five eighths tokens are lowered
/// in `steps` steps to the least that each request allows, so that images of one step share their passes; requests are
/// refused at one.
struct TokenPressure: Sendable {
    /// Images in the queue, and how many may be.
    var images: Int
    var capacity: Int
    /// How long the queue will take by the engine's speed of late; nil while nothing is known of it.
    var wait: Duration?
    /// How long this request may wait; nil for any time, which counts as `usualWait`.
    var longestWait: Duration?

    static let steps = 4
    static let start = 0.25
    static let stepWidth = 0.125
    static let usualWait = Duration.seconds(10)

    /// 0 for an empty queue, 1 where the next request may be refused.
    var share: Double {
        let waiting = capacity > 0 ? Double(images) / Double(capacity) : 1
        guard let wait else { return waiting }
        let longest = (longestWait ?? Self.usualWait).seconds
        return max(waiting, longest > 0 ? wait.seconds / longest : 1)
    }

    /// 0 for what was asked for, `steps` for the least that is allowed.
    var step: Int {
        guard share >= Self.start else { return 0 }
        return min(Self.steps, 1 + Int(min((share - Self.start) / Self.stepWidth, Double(Self.steps))))
    }
}
