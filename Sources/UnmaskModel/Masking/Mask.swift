/// Which patches of an image the encoder sees. Patches are numbered row by row.
public struct Mask: Sendable, Equatable {
    /// Patches of the whole image: N.
    public var patches: Int { idsShuffle.count }
    /// The visible patches in the order in which the encoder gets them.
    public var idsKeep: [Int] { Array(idsShuffle[..<kept]) }
    /// How many patches are visible: K.
    public let kept: Int
    /// All patches, the visible ones first, as MAE's `ids_shuffle`.
    private let idsShuffle: [Int]

    private init(idsShuffle: [Int], kept: Int) {
        self.idsShuffle = idsShuffle
        self.kept = kept
    }

    /// Nothing hidden.
    public static func none(patches: Int) -> Mask {
        Mask(idsShuffle: Array(0..<patches), kept: patches)
    }

    /// MAE's random masking (He et al. 2021, section 3): each patch gets a random number, and the `int(N · (1 - ratio))`
    /// patches of the smallest numbers stay, in ascending order of their numbers; among equals the lower patch first.
    /// The numbers come from `Philox.uniform`, so a seed means the same mask everywhere.
    ///
    /// Throws `ModelError.invalidMask` where the ratio is not in 0..<1 or leaves no patch.
    public static func random(patches: Int, ratio: Double, seed: UInt64) throws(ModelError) -> Mask {
        try random(noise: Philox(seed: seed).uniform(patches), ratio: ratio)
    }

    /// Random masking by the share that stays, a token budget: `int(N · fraction)` patches, at least one.
    public static func random(patches: Int, keeping fraction: Double, seed: UInt64) throws(ModelError) -> Mask {
        guard fraction > 0, fraction <= 1 else {
            throw .invalidMask("keeping a share of \(fraction): expected above 0 and at most 1")
        }
        guard fraction < 1 else { return none(patches: patches) }
        let kept = max(1, Int(Double(patches) * fraction))
        return shuffled(by: Philox(seed: seed).uniform(patches), kept: kept)
    }

    /// Random masking with the numbers given.
    package static func random(noise: [Float], ratio: Double) throws(ModelError) -> Mask {
        guard ratio >= 0, ratio < 1 else {
            throw .invalidMask("a mask ratio of \(ratio): expected at least 0 and below 1")
        }
        let kept = Int(Double(noise.count) * (1 - ratio))
        guard kept > 0 else {
            throw .invalidMask("a mask ratio of \(ratio) leaves none of \(noise.count) patches: choose a smaller one")
        }
        return shuffled(by: noise, kept: kept)
    }

    private static func shuffled(by noise: [Float], kept: Int) -> Mask {
        Mask(idsShuffle: noise.indices.sorted { (noise[$0], $0) < (noise[$1], $1) }, kept: kept)
    }

    /// The visible patches by number, in the order given.
    public static func keep(_ ids: [Int], patches: Int) throws(ModelError) -> Mask {
        guard !ids.isEmpty else { throw .invalidMask("the list of patches to keep is empty") }
        if let wrong = ids.first(where: { !(0..<patches).contains($0) }) {
            throw .invalidMask("patch \(wrong) does not exist: patches go from 0 to \(patches - 1)")
        }
        let visible = Set(ids)
        guard visible.count == ids.count else { throw .invalidMask("a patch is listed twice") }
        return Mask(idsShuffle: ids + (0..<patches).filter { !visible.contains($0) }, kept: ids.count)
    }

    /// The regular patterns that MAE was compared with (He et al. 2021, figure 6).
    public enum Pattern: String, Sendable, CaseIterable, Codable {
        /// One patch of every two by two stays: 75 % hidden.
        case grid
        /// A block in the middle, three quarters of each side, is hidden: 56 %.
        case block
    }

    public static func pattern(_ pattern: Pattern, rows: Int, columns: Int) throws(ModelError) -> Mask {
        let hiddenRows = rows / 8..<rows / 8 + rows * 3 / 4
        let hiddenColumns = columns / 8..<columns / 8 + columns * 3 / 4
        let ids = (0..<rows * columns).filter { id in
            let (row, column) = (id / columns, id % columns)
            return switch pattern {
            case .grid: row % 2 == 0 && column % 2 == 0
            case .block: !(hiddenRows.contains(row) && hiddenColumns.contains(column))
            }
        }
        return try keep(ids, patches: rows * columns)
    }

    /// For each patch, its place in `ids_shuffle`: below `kept` where it is visible.
    public var idsRestore: [Int] {
        var restore = [Int](repeating: 0, count: patches)
        for (place, id) in idsShuffle.enumerated() { restore[id] = place }
        return restore
    }

    /// 1 for each removed patch, 0 for each visible one.
    public var removed: [Int] {
        idsRestore.map { $0 < kept ? 0 : 1 }
    }
}
