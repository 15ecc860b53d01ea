import UnmaskModel

extension Parameters {
    /// What says how many tokens an image costs.
    static let budgetMembers = ["keep", "seed", "keep_min", "merge", "merge_max"]

    /// Reads `keep` and `seed`, `merge`, and what may be made of them under load: `keep_min` and `merge_max`.
    func tokenBudget(of model: ModelDescription) throws(ServiceError) -> TokenBudget {
        let asked = TokenUse(mask: try keptPatches(of: model.interface, with: "keep_min"), merge: try merge(of: model))
        let keep = try keptShare()
        let keepMin = try keepMin(of: model.interface, keep: keep)
        return try budget(asked, keep: keep ?? 1, keepMin: keepMin, seed: try seed("seed") ?? 0, of: model)
    }

    /// Reads `merge` and `merge_max`, for methods that decide by themselves which patches are seen.
    func tokenBudget(of model: ModelDescription, mask: Mask) throws(ServiceError) -> TokenBudget {
        try budget(TokenUse(mask: mask, merge: try merge(of: model)), keep: 1, keepMin: nil, seed: 0, of: model)
    }

    /// Reads `merge`; absent, the model's own.
    func merge(of model: ModelDescription) throws(ServiceError) -> Int {
        try merge("merge", from: 0, of: model) ?? model.merge
    }

    private func merge(_ name: String, from least: Int, of model: ModelDescription) throws(ServiceError) -> Int? {
        guard self[name] != nil else { return nil }
        if let refusal = model.mergeRefusal, self[name]?.integer != 0 {
            throw mismatch(name, "0 or left out (\(refusal))")
        }
        return try integer(name, in: least...max(least, model.interface.patches / 2))
    }

    /// The fraction that `keep` is, 1 where it is absent; nil for a list.
    private func keptShare() throws(ServiceError) -> Double? {
        if case .array? = self["keep"] { return nil }
        return try number("keep", 0...1) ?? 1
    }

    /// Reads `keep_min`: a fraction, no larger than `keep`'s.
    private func keepMin(of model: ModelInterface, keep most: Double?) throws(ServiceError) -> Double? {
        guard self["keep_min"] != nil else { return nil }
        guard model.takesMasks else { throw mismatch("keep_min", "left out: \(model.wholeImageNotice)") }
        guard let most else { throw mismatch("keep_min", "left out where keep names the patches") }
        guard let least = try number("keep_min", 0...most), least > 0 else {
            throw mismatch("keep_min", "a fraction above 0 and at most keep, \(most)")
        }
        return least
    }

    private func budget(
        _ asked: TokenUse, keep: Double, keepMin: Double?, seed: UInt64, of model: ModelDescription
    ) throws(ServiceError) -> TokenBudget {
        let mergeMax = try merge("merge_max", from: asked.merge, of: model)
        do throws(ModelError) {
            return try TokenBudget(asked: asked, keep: keep, keepMin: keepMin, seed: seed, mergeMax: mergeMax)
        } catch {
            throw mismatch("keep_min", "a share that the model can take (\(error.description))")
        }
    }
}
