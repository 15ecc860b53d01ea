public import UnmaskRuntime

/// Groups of images that are the same picture: of equal pixels, or with vectors at least as similar as a threshold.
public struct Duplicates: Sendable {
    /// Rows of an index that belong together, because each is near some other: at least two, or one with several images.
    public struct Group: Sendable, Equatable {
        /// Ascending.
        public let rows: [Int]
        /// Of the pairs that joined it; 1 where there is one row.
        public let leastSimilarity: Float
    }

    /// In the order of their first rows.
    public let groups: [Group]

    /// Every pair of rows is compared: it takes n² / 2 products of the vectors' dimension, and n² for each further vector that rows
    /// have.
    ///
    /// - Parameters:
    ///   - threshold: the least similarity of two rows that are one picture.
    ///   - apart: pairs that are known to be none, however similar they are.
    ///   - variants: further vectors of a row, of its picture turned or cut, one after another: it is one with another also where
    ///     one of these is similar to that.
    ///   - told: of the share that is done.
    public init(
        of store: VectorStore, threshold: Float, filter: RowFilter? = nil, engine: Engine, apart: Set<RowPair> = [],
        variants: ((Int) throws -> [Float])? = nil, told: (Double) -> Void = { _ in }
    ) throws {
        guard threshold > -1, threshold <= 1 else {
            throw IndexError(
                .invalidRequest, store.path, "a threshold of \(threshold): expected at most 1, such as 0.95")
        }
        let filter = try filter ?? RowFilter(store)
        var sets = DisjointRows(count: store.rowCount)
        let (block, share) = (512, variants == nil ? 1 : 0.1)
        func join(_ row: Int, _ other: Int, _ similarity: Float) {
            guard similarity >= threshold, row != other, filter.counts(row), filter.counts(other),
                !apart.contains(RowPair(row, other))
            else { return }
            sets.join(row, other, similarity)
        }
        for first in stride(from: 0, to: store.rowCount, by: block) {
            let rows = first..<min(first + block, store.rowCount)
            try store.forEachProduct(with: rows, from: first, engine) { firstRow, products in
                for place in 0..<products.count / rows.count {
                    let other = firstRow + place
                    guard filter.counts(other) else { continue }
                    let similarities = products[(place * rows.count)..<((place + 1) * rows.count)]
                    for (row, similarity) in zip(rows, similarities) where row < other { join(row, other, similarity) }
                }
            }
            let left = Double(store.rowCount - rows.upperBound) / Double(store.rowCount)
            told((1 - left * left) * share)
        }
        if let variants {
            for row in 0..<store.rowCount where filter.counts(row) {
                let vectors = try variants(row)
                guard !vectors.isEmpty else { continue }
                let packed = try PackedVectors(vectors, width: store.dimension, engine: engine)
                try store.forEachProduct(with: packed) { firstRow, products in
                    for place in 0..<products.count / packed.count {
                        let similarities = products[(place * packed.count)..<((place + 1) * packed.count)]
                        join(row, firstRow + place, similarities.max() ?? -1)
                    }
                }
                told(share + (1 - share) * Double(row + 1) / Double(store.rowCount))
            }
        }
        groups = sets.groups { row in store.records.records(ofRow: row).count(where: filter.includes) > 1 }
            .filter { filter.counts($0.rows[0]) }
    }
}

/// Two rows, in whichever order.
public struct RowPair: Sendable, Hashable {
    private let low: Int
    private let high: Int

    public init(_ one: Int, _ other: Int) { (low, high) = (min(one, other), max(one, other)) }
}

/// Union-find over rows (Tarjan 1975), with the least similarity that joined each set.
struct DisjointRows {
    private var parents: [Int]
    private var least: [Float]

    init(count: Int) {
        parents = Array(0..<count)
        least = Array(repeating: 1, count: count)
    }

    mutating func join(_ one: Int, _ other: Int, _ similarity: Float) {
        let (low, high) = (min(root(one), root(other)), max(root(one), root(other)))
        parents[high] = low
        least[low] = min(least[low], least[high], similarity)
    }

    private mutating func root(_ row: Int) -> Int {
        var row = row
        while parents[row] != row {
            parents[row] = parents[parents[row]]
            row = parents[row]
        }
        return row
    }

    /// Sets of several rows, and rows that are groups by themselves.
    mutating func groups(alone: (Int) -> Bool) -> [Duplicates.Group] {
        var members: [Int: [Int]] = [:]
        for row in parents.indices { members[root(row), default: []].append(row) }
        return members.sorted { $0.key < $1.key }.filter { $0.value.count > 1 || alone($0.key) }.map { root, rows in
            Duplicates.Group(rows: rows, leastSimilarity: least[root])
        }
    }
}
