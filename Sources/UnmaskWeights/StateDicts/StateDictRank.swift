/// Which of two places a model is rather taken from, by what they are called; smaller is better.
///
/// 1. Averaged weights (EMA, a teacher, a momentum or target encoder) before raw ones, and those before a student's:
///    averages are what papers report.
/// 2. The keys of training scripts, `model`, `state_dict`, `model_state_dict`, `module`, before others.
/// 3. Fewer keys and prefixes before more.
struct StateDictRank: Comparable {
    private let role: Int
    private let convention: Int
    private let depth: Int

    private static let averaged: Set = [
        "ema", "teacher", "momentum", "target", "averaged", "average", "swa", "shadow", "polyak",
    ]
    private static let raw: Set = ["student", "online"]
    private static let conventions = ["model", "state_dict", "model_state_dict", "module"]

    /// - Parameters:
    ///   - path: the keys that lead to the dictionary.
    ///   - prefix: what stands before its names.
    init(path: [String], prefix: String) {
        let components = path + prefix.split(separator: ".").map(String.init)
        let words = Set(components.flatMap(StateDictRank.words))
        role = !words.isDisjoint(with: Self.averaged) ? 0 : words.isDisjoint(with: Self.raw) ? 1 : 2
        convention = path.first.flatMap(Self.conventions.firstIndex) ?? Self.conventions.count
        depth = components.count
    }

    static func < (a: StateDictRank, b: StateDictRank) -> Bool {
        (a.role, a.convention, a.depth) < (b.role, b.convention, b.depth)
    }

    /// Whether the names are those of averaged weights.
    var isAveraged: Bool { role == 0 }

    /// `model_ema`, `modelEMA` and `ema-model` all have the word `ema`.
    private static func words(_ component: String) -> [String] {
        var words: [String] = []
        var word = ""
        var previousIsLower = false
        for character in component {
            if !character.isLetter || (character.isUppercase && previousIsLower) {
                words.append(word)
                word = ""
            }
            if character.isLetter { word += character.lowercased() }
            previousIsLower = character.isLowercase
        }
        return words + [word]
    }
}
