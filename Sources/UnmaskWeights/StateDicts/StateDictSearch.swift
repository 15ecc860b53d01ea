/// Finds kinds of state dicts in all the dictionaries of a file, under whatever prefix they stand.
///
/// No list of wrappers is kept: every name that ends with a required one proposes what stands before it as the prefix,
/// and the prefix under which all required names stand is a match. Only names are looked at, each a fixed number of
/// times.
public struct StateDictSearch: Sendable {
    /// Where a kind is whole, best first; see `StateDictRank`'s order. Of one place only the first pattern counts.
    public let whole: [StateDictMatch]
    /// The place that has most of what some pattern requires, where it is whole nowhere.
    public let nearest: StateDictMatch?
    private let ranks: [StateDictRank]

    public init(_ stateDicts: [StateDict], _ patterns: [StateDictPattern]) {
        var found: [(match: StateDictMatch, rank: StateDictRank)] = []
        var nearest: (match: StateDictMatch, share: Double)?
        for stateDict in stateDicts {
            var places: Set<String> = []
            for (index, pattern) in patterns.enumerated() {
                for (inner, present) in StateDictSearch.prefixes(of: pattern.required, in: stateDict.names) {
                    let prefix = StateDictSearch.outer(inner, stems: pattern.stems)
                    let match = StateDictMatch(
                        stateDict: stateDict, pattern: index, prefix: prefix,
                        missing: pattern.required.filter { !present.contains($0) })
                    if match.missing.isEmpty {
                        // What one pattern reads below its stem is no other pattern's model without it.
                        guard places.isDisjoint(with: [inner, prefix]) else { continue }
                        places.formUnion([inner, prefix])
                        found.append((match, StateDictRank(path: stateDict.path, prefix: prefix)))
                    } else {
                        let share = Double(present.count) / Double(pattern.required.count)
                        if share > nearest?.share ?? 0 { nearest = (match, share) }
                    }
                }
            }
        }
        // Sorting is stable in effect: equal ranks keep the order of the file.
        let sorted = found.enumerated().sorted { ($0.element.rank, $0.offset) < ($1.element.rank, $1.offset) }
        whole = sorted.map(\.element.match)
        ranks = sorted.map(\.element.rank)
        self.nearest = found.isEmpty ? nearest?.match : nil
    }

    /// What a choice comes to.
    public enum Selection: Sendable {
        /// The match, and all others, best first.
        case chosen(StateDictMatch, others: [StateDictMatch])
        /// Several that nothing in their names sets apart.
        case ambiguous([StateDictMatch])
        /// None is whole, or none under the key.
        case none
    }

    /// The best match, or the best one under a key: a match's own, or the beginning of it (`teacher` of
    /// `teacher.backbone`); `.` is the file's own content.
    public func select(_ key: String? = nil) -> Selection {
        let exact = whole.indices.filter { whole[$0].key == key }
        let candidates =
            key == nil
            ? Array(whole.indices)
            : exact.isEmpty ? whole.indices.filter { whole[$0].key.hasPrefix((key ?? "") + ".") } : exact
        guard let first = candidates.first else { return .none }
        let equals = candidates.filter { !(ranks[first] < ranks[$0]) }
        guard equals.count == 1 else { return .ambiguous(equals.map { whole[$0] }) }
        return .chosen(whole[first], others: whole.indices.filter { $0 != first }.map { whole[$0] })
    }

    /// Which required names stand under which prefix, in the order of the names.
    private static func prefixes(
        of required: [String], in names: [String]
    ) -> [(prefix: String, present: Set<String>)] {
        var places: [String: Int] = [:]
        var found: [(prefix: String, present: Set<String>)] = []
        for name in names {
            for tail in required where name.hasSuffix(tail) {
                let prefix = String(name.dropLast(tail.count))
                guard prefix.isEmpty || prefix.hasSuffix(".") else { continue }
                if let place = places[prefix] {
                    found[place].present.insert(tail)
                } else {
                    places[prefix] = found.count
                    found.append((prefix, [tail]))
                }
            }
        }
        return found
    }

    private static func outer(_ prefix: String, stems: [String]) -> String {
        let stem = stems.first { prefix == $0 || prefix.hasSuffix("." + $0) }
        return String(prefix.dropLast(stem?.count ?? 0))
    }
}
