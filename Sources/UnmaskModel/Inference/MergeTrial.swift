internal import UnmaskImage

/// What a person asks of merging: tokens a block, or as many as make a model fastest while its answers stay near.
public enum MergeChoice: Sendable, Hashable {
    case fixed(Int)
    case automatic

    /// A number from 0, or `auto`.
    public init?(name: String) {
        if name == "auto" {
            self = .automatic
        } else {
            guard let count = Int(name), count >= 0 else { return nil }
            self = .fixed(count)
        }
    }
}

/// One merge tried on a model: how fast, and how near to the model that merges nothing, in the same precision.
public struct MergeTrial: Sendable, CustomStringConvertible {
    /// Tokens that each block merges into others: r.
    public let merge: Int
    /// Seconds of a pass over one image, the fastest of a few.
    public let seconds: Double
    /// The least cosine between the answers to a trial image with merging and without.
    public let cosine: Double
    /// Whether every trial image got the class that it gets without; true for a model without a head.
    public let classesAgree: Bool

    /// The least cosine that is still the same answer.
    public static let leastCosine = 0.99
    /// A merge that is not faster than this share of the whole pass may be slower the next time.
    public static let largestShare = 0.97

    /// Whether the answers are still the model's own.
    public var passes: Bool { cosine >= Self.leastCosine && classesAgree }

    public var description: String {
        let classes = classesAgree ? "" : ", other classes"
        return
            "merge \(merge) \((seconds * 1e5).rounded() / 100) ms, cosine \((cosine * 1e5).rounded() / 1e5)\(classes)"
    }
}

extension ModelSession {
    /// This session with the merge that makes a pass over one image fastest, none where none is faster beyond doubt and
    /// near enough, and what was tried. Tried are a quarter, a half, three quarters and all of what leaves the last block
    /// no more than two patches.
    public func fastestMerge() throws(ModelError) -> (session: ModelSession, trials: [MergeTrial]) {
        guard goldenTask != nil, largestMerge > 0 else { return (self, []) }
        let blocks: Int
        do throws(ModelError) { blocks = try checkMerge(1) } catch {
            if case .unmergeable = error { return (self, []) }
            throw error
        }
        let most = model.interface.patches / max(1, blocks)
        let merges = [most / 4, most / 2, most * 3 / 4, most].filter { $0 > 0 && $0 <= largestMerge }
        let images = try model.trialImages()
        var reference: [[Float]] = []
        for image in images { reference.append(try trialAnswer(to: image, merge: 0)) }
        let tried = [0] + merges
        var seconds = [Double](repeating: .infinity, count: tried.count)
        var nearness: [(cosine: Double, classesAgree: Bool)] = []
        for merge in tried {
            var answers: [[Float]] = []
            for image in images { answers.append(try trialAnswer(to: image, merge: merge)) }
            nearness.append(PrecisionTrial.nearness(of: answers, to: reference, goldenTask))
        }
        // In turns: the clock drifts with load and heat.
        for _ in 0..<5 {
            for (index, merge) in tried.enumerated() {
                let start = ContinuousClock.now
                _ = try trialAnswer(to: images[0], merge: merge)
                seconds[index] = min(seconds[index], (ContinuousClock.now - start) / .seconds(1))
            }
        }
        let trials = tried.indices.map {
            MergeTrial(
                merge: tried[$0], seconds: seconds[$0], cosine: nearness[$0].cosine,
                classesAgree: nearness[$0].classesAgree)
        }
        let best = trials.dropFirst().filter { $0.passes && $0.seconds <= seconds[0] * MergeTrial.largestShare }
            .min { $0.seconds < $1.seconds }
        return (try merging(best?.merge ?? 0), trials)
    }
}
