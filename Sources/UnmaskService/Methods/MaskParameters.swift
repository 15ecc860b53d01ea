import UnmaskModel

extension Parameters {
    /// Reads `keep`, a fraction (with `seed`) or a list of patch ids; absent, every patch is seen.
    /// - Parameter other: another parameter that `seed` may be given for.
    func keptPatches(of model: ModelInterface, with other: String? = nil) throws(ServiceError) -> Mask {
        switch self["keep"] {
        case nil:
            guard self["seed"] == nil || other.map({ self[$0] != nil }) ?? false else {
                throw mismatch("seed", "given together with a fraction to keep")
            }
            return .none(patches: model.patches)
        case _ where !model.takesMasks:
            throw mismatch("keep", "left out: \(model.wholeImageNotice)")
        case .array:
            return try listedPatches(of: model)
        default:
            let fraction = try number("keep", 0...1) ?? 1
            let seed = try seed("seed") ?? 0
            return try mask("keep") { () throws(ModelError) in
                try .random(patches: model.patches, keeping: fraction, seed: seed)
            }
        }
    }

    /// Reads `ratio` (with `seed`), `keep` as patch ids, or `pattern`; absent, MAE's ratio of 0.75.
    func maskedPatches(of model: ModelInterface) throws(ServiceError) -> Mask {
        let choice = try only(of: ["ratio", "keep", "pattern"])?.name ?? "ratio"
        guard choice == "ratio" || self["seed"] == nil else { throw mismatch("seed", "given only with ratio") }
        switch choice {
        case "keep":
            return try listedPatches(of: model)
        case "pattern":
            let pattern: Mask.Pattern = try self.choice("pattern") ?? .grid
            return try mask("pattern") { () throws(ModelError) in
                try .pattern(pattern, rows: model.grid[0], columns: model.grid[1])
            }
        default:
            let ratio = try number("ratio", 0...1) ?? 0.75
            let seed = try seed("seed") ?? 0
            return try mask("ratio") { () throws(ModelError) in
                try .random(patches: model.patches, ratio: ratio, seed: seed)
            }
        }
    }

    private func listedPatches(of model: ModelInterface) throws(ServiceError) -> Mask {
        let ids = try integers("keep", in: 0..<model.patches) ?? []
        return try mask("keep") { () throws(ModelError) in try .keep(ids, patches: model.patches) }
    }

    private func mask(_ name: String, _ make: () throws(ModelError) -> Mask) throws(ServiceError) -> Mask {
        do throws(ModelError) {
            return try make()
        } catch {
            throw mismatch(name, "a mask that the model can take (\(error.description))")
        }
    }
}
