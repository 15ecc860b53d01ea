/// Masks that hide every patch exactly once between them: patches in the order of random numbers, cut into parts as equal as
/// may be, each of which one mask hides.
public struct ComplementaryMasks: Sendable, Hashable {
    /// Masks, and passes over an image.
    public let count: Int
    /// Decides the order, as that of `Mask.random`.
    public let seed: UInt64

    public init(count: Int, seed: UInt64) { (self.count, self.seed) = (count, seed) }

    /// The usual number: a quarter of the patches is hidden at a time.
    public static let usualCount = 4

    /// Of each mask the patches that it hides, ascending.
    func hidden(of patches: Int) -> [[Int]] {
        let noise = Philox(seed: seed).uniform(patches)
        let order = noise.indices.sorted { (noise[$0], $0) < (noise[$1], $1) }
        return (0..<count).map { order[patches * $0 / count..<patches * ($0 + 1) / count].sorted() }
    }
}
