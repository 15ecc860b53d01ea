extension Parameters {
    /// Reads `keep`, a fraction (with `seed`) or a list of patch ids; absent, all patches are kept.
    func keptPatches(of patches: Int) throws(ServiceError) -> PatchSelection {
        switch self["keep"] {
        case nil:
            guard self["seed"] == nil else { throw mismatch("seed", "given together with a fraction to keep") }
            return .all
        case .array:
            return .ids(try integers("keep", in: 0..<patches) ?? [])
        default:
            guard let fraction = self["keep"]?.double, fraction > 0, fraction <= 1 else {
                throw mismatch("keep", "a fraction above 0 and at most 1, or an array of patch ids")
            }
            return .keep(fraction: fraction, seed: try seed("seed") ?? 0)
        }
    }

    /// Reads `ratio` (with `seed`), `keep` as patch ids, or `pattern`; absent, MAE's ratio of 0.75.
    func maskedPatches(of patches: Int) throws(ServiceError) -> PatchSelection {
        let choice = try only(of: ["ratio", "keep", "pattern"])
        if let choice, choice.name != "ratio", self["seed"] != nil {
            throw mismatch("seed", "given only with ratio")
        }
        switch choice?.name {
        case "keep": return .ids(try integers("keep", in: 0..<patches) ?? [])
        case "pattern": return .pattern(try self.choice("pattern") ?? .grid)
        default: return .mask(ratio: try number("ratio", 0...1) ?? 0.75, seed: try seed("seed") ?? 0)
        }
    }
}
