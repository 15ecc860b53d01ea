import ArgumentParser
import UnmaskModel

/// Which patches are encoded.
struct TokenBudget: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            A token budget: encode only this share of the patches (0.25 or 25%), drawn from --seed. The cost falls with it. \
            --patches names them instead.
            """, valueName: "share"),
        transform: PatchSelection.init(keep:))
    var keep: PatchSelection?

    @Option(
        help: ArgumentHelp(
            "Encode only these patches, by their numbers from 0, row by row: 0,7,12.", valueName: "ids"),
        transform: PatchSelection.init(patches:))
    var patches: PatchSelection?

    @Option(help: "Which patches are drawn: the same seed gives the same patches everywhere.")
    var seed: UInt64 = 0

    func validate() throws {
        guard keep == nil || patches == nil else {
            throw ValidationError("--keep draws patches, and --patches names them: give one of them")
        }
    }

    /// What was asked for; nil where every patch is encoded.
    var selection: PatchSelection? { patches ?? keep }

    /// Nil where every patch is encoded.
    func mask(patches total: Int) throws -> Mask? {
        try selection?.mask(patches: total, seed: seed)
    }
}

/// A share of the patches, or their numbers.
enum PatchSelection {
    case share(Double)
    case ids([Int])

    /// A share as people write it, `0.25`, `25%`, `1.0`, or several numbers of patches. One whole number could be a
    /// percentage, a count, or the number of a patch: it is refused with every spelling.
    init(keep text: String) throws {
        let isPercentage = text.hasSuffix("%")
        if text.contains(","), let ids = Self.ids(text) {
            self = .ids(ids)
        } else if isPercentage || text.contains("."), let number = Double(isPercentage ? String(text.dropLast()) : text)
        {
            let share = isPercentage ? number / 100 : number
            guard share > 0, share <= 1 else {
                throw ValidationError("--keep \(text): expected a share above 0 and at most 1, such as 0.25 or 25%")
            }
            self = .share(share)
        } else if Int(text) != nil {
            throw ValidationError(
                "--keep \(text) could mean a share or a patch: say --keep \(text)% or --keep 0.25 for a share of the "
                    + "patches, --patches \(text) for patch number \(text)")
        } else {
            throw ValidationError(
                "--keep \(text): expected a share such as 0.25 or 25%; --patches 0,7,12 names patches")
        }
    }

    init(patches text: String) throws {
        guard let ids = Self.ids(text) else {
            throw ValidationError("--patches \(text): expected numbers of patches from 0, such as 0,7,12")
        }
        self = .ids(ids)
    }

    private static func ids(_ text: String) -> [Int]? {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
        let ids = parts.compactMap(\.self)
        return ids.isEmpty || ids.count != parts.count ? nil : ids
    }

    func mask(patches: Int, seed: UInt64) throws -> Mask {
        switch self {
        case .share(let share): try .random(patches: patches, keeping: share, seed: seed)
        case .ids(let ids): try .keep(ids, patches: patches)
        }
    }
}
