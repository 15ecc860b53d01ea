/// How much of what is nearest an approximate search finds: recall@10, on vectors of the index as queries, each of which is left
/// out of what it finds.
public struct Recall: Sendable, Equatable, Codable {
    /// Neighbours that are asked for.
    public static let neighbours = 10

    /// The share of the ten nearest that were found.
    public let recall: Double
    /// How many queries that is the mean of.
    public let queries: Int
    /// The vectors that the index had then.
    public let rows: Int
    /// How much a search looks at: candidates of bits, efSearch of a graph, lists of an inverted file.
    public let effort: Int

    public init(recall: Double, queries: Int, rows: Int, effort: Int) {
        (self.recall, self.queries, self.rows, self.effort) = (recall, queries, rows, effort)
    }

    /// What cannot be, in words; nil where everything can.
    var problem: String? {
        guard (0...1).contains(recall), queries >= 0, rows >= 0, (1...1 << 30).contains(effort) else {
            return "a recall of \(recall) on \(queries) queries of \(rows) vectors, with an effort of \(effort)"
        }
        return nil
    }
}

extension Manifest.BitsPlan {
    var problem: String? {
        guard wanted > 0, wanted <= 1 else { return "bits for a recall of \(wanted): expected more than 0, at most 1" }
        return reached?.problem
    }
}
