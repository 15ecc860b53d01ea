import Testing
import UnmaskIndex
import UnmaskRuntime

/// Duplicates, outliers and clusters that were planted are found.
@Suite struct AnalysisTests {
    static let dimension = 24

    /// 40 rows about each of 5 centres; then near copies of rows 0 and 41, a copy of that copy, and a row of its own.
    func store(_ folder: TemporaryFolder) throws -> VectorStore {
        var random = Random(3)
        let centres = (0..<5).map { _ in random.unit(Self.dimension) }
        var vectors = (0..<200).map { random.unit(Self.dimension, near: centres[$0 / 40], spread: 0.12) }
        vectors += [0, 41, 201].map { number in
            random.unit(Self.dimension, near: number < 200 ? vectors[number] : vectors[41], spread: 0.01)
        }
        vectors.append(centres[0].map { -$0 })
        let writer = try StoreWriter(
            path: folder.file("i"), Manifest(stamp: Made.stamp, dimension: Self.dimension, shardRows: 64))
        for (row, vector) in vectors.enumerated() { try writer.add(Made.image(row), vector: vector) }
        try writer.addDuplicate(Made.image(900, pixels: 7), ofRow: 7)
        try writer.finish()
        return try VectorStore(path: folder.file("i"))
    }

    @Test func plantedDuplicatesAreGrouped() throws {
        let folder = try TemporaryFolder()
        let store = try store(folder)
        let engine = try Engine(threads: 2)
        let found = try Duplicates(of: store, threshold: 0.998, engine: engine)
        #expect(found.groups.map(\.rows) == [[0, 200], [7], [41, 201, 202]])
        #expect(found.groups[1].leastSimilarity == 1 && found.groups[0].leastSimilarity >= 0.998)
        #expect(throws: IndexError.self) { try Duplicates(of: store, threshold: 1.5, engine: engine) }
        // Everything is one group where everything counts as near.
        #expect(try Duplicates(of: store, threshold: -0.99, engine: engine).groups.first?.rows.count == 204)
    }

    @Test func theRowThatIsAloneComesFirst() throws {
        let folder = try TemporaryFolder()
        let store = try store(folder)
        let found = try Outliers.find(in: store, count: 3, k: 4, engine: try Engine(threads: 2))
        #expect(found.count == 3 && found[0].row == 203)
        #expect(found.map(\.similarity) == found.map(\.similarity).sorted())
        // The mean over the four nearest, in double.
        let vectors = try (0..<store.rowCount).map { try store.vector(ofRow: $0) }
        let similarities = (0..<203).map { row in
            zip(vectors[203], vectors[row]).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
        }
        let mean = similarities.sorted(by: >).prefix(4).reduce(0, +) / 4
        #expect(abs(Double(found[0].similarity) - mean) < 1e-6)
    }

    @Test func plantedClustersAreFoundWhateverTheThreads() throws {
        let folder = try TemporaryFolder()
        let store = try store(folder)
        let engine = try Engine(threads: 2)
        let starts = try (0..<8).map { try Clusters(of: store, k: 5, seed: UInt64($0), engine: engine) }
        let best = starts.indices.max { (starts[$0].history.last ?? 0) < (starts[$1].history.last ?? 0) } ?? 0
        let clusters = starts[best]
        let labels = (0..<5).map { clusters.assignments[$0 * 40] }
        for centre in 0..<5 {
            #expect(clusters.assignments[(centre * 40)..<(centre * 40 + 40)].allSatisfy { $0 == labels[centre] })
        }
        #expect(Set(labels) == Set(0..<5))
        #expect(clusters.sizes.reduce(0, +) == 204)
        #expect(clusters.history == clusters.history.sorted())
        let again = try Clusters(of: store, k: 5, seed: UInt64(best), engine: try Engine(threads: 1))
        #expect(again.assignments == clusters.assignments && again.similarities == clusters.similarities)
        #expect(throws: IndexError.self) { try Clusters(of: store, k: 900, seed: 1, engine: try Engine(threads: 1)) }
    }
}
