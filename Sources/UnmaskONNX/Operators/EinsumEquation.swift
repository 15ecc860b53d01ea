/// What an Einsum's equation says of its operands' axes.
struct EinsumEquation {
    /// An axis: a letter, or a place of the ellipsis, counted from its end.
    enum Label: Hashable {
        case letter(Character)
        case ellipsis(fromEnd: Int)
    }

    /// Each operand's axes, in order.
    let operands: [[Label]]
    let result: [Label]

    /// Throws where the equation does not fit operands of those ranks.
    init(_ text: String, ranks: [Int]) throws(NodeProblem) {
        func invalid(_ problem: String) -> NodeProblem { .invalid("equation \(quoted(text)) \(problem)") }
        let equation = text.filter { $0 != " " }
        let sides = equation.split(separator: "->", omittingEmptySubsequences: false)
        guard sides.count <= 2 else { throw invalid("has more than one ->") }
        let terms = sides[0].split(separator: ",", omittingEmptySubsequences: false)
        guard terms.count == ranks.count else { throw invalid("is of \(terms.count) operands, not \(ranks.count)") }
        var operands: [[Label]] = []
        var longestEllipsis = 0
        for (term, rank) in zip(terms, ranks) {
            guard let parts = EinsumEquation.parts(term) else { throw invalid("cannot be read") }
            let letters = parts.before.count + parts.after.count
            let left = rank - letters
            guard left == 0 || parts.hasEllipsis && left > 0 else {
                throw invalid("names \(letters) axes of an operand of \(rank)")
            }
            longestEllipsis = max(longestEllipsis, left)
            operands.append(EinsumEquation.labels(parts, ellipsis: left))
        }
        self.operands = operands
        let used = operands.flatMap { $0 }
        if sides.count == 2 {
            guard let parts = EinsumEquation.parts(sides[1]) else { throw invalid("cannot be read") }
            result = EinsumEquation.labels(parts, ellipsis: parts.hasEllipsis ? longestEllipsis : 0)
        } else {
            // What is named once, in the alphabet's order, behind the ellipsis.
            var counts: [Character: Int] = [:]
            for case .letter(let letter) in used { counts[letter, default: 0] += 1 }
            let once = counts.filter { $0.value == 1 }.keys.sorted {
                $0.unicodeScalars.lexicographicallyPrecedes($1.unicodeScalars)
            }
            result = EinsumEquation.labels(([], true, once), ellipsis: longestEllipsis)
        }
        guard Set(result).count == result.count, Set(result).isSubset(of: used) else {
            throw invalid("gives an axis twice, or one that no operand has")
        }
    }

    private typealias Parts = (before: [Character], hasEllipsis: Bool, after: [Character])

    private static func parts(_ term: Substring) -> Parts? {
        let halves = term.split(separator: "...", omittingEmptySubsequences: false)
        guard halves.count <= 2, halves.allSatisfy({ $0.allSatisfy { $0.isASCII && $0.isLetter } }) else { return nil }
        return (Array(halves[0]), halves.count == 2, halves.count == 2 ? Array(halves[1]) : [])
    }

    private static func labels(_ parts: Parts, ellipsis count: Int) -> [Label] {
        parts.before.map { .letter($0) } + (0..<count).reversed().map { .ellipsis(fromEnd: $0) }
            + parts.after.map { .letter($0) }
    }
}
