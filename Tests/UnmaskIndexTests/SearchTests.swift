import Testing
import UnmaskIndex
import UnmaskRuntime

/// Search: the nearest of all rows by sums in double, whichever way they are found.
@Suite struct SearchTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let dimension: Int
        let rows: Int
        /// Rows lie about so many centres.
        let centres: Int
        let spread: Float
        var testDescription: String { "\(rows) × \(dimension) about \(centres) centres, \(spread)" }
    }

    static let cases = [
        Case(dimension: 96, rows: 1500, centres: 40, spread: 0.05),
        Case(dimension: 33, rows: 700, centres: 5, spread: 0.01),
        Case(dimension: 5, rows: 500, centres: 3, spread: 0.3), Case(dimension: 1, rows: 65, centres: 1, spread: 0.5),
        // All rows so alike that rounding cannot tell them apart.
        Case(dimension: 64, rows: 1600, centres: 1, spread: 0.0005),
    ]

    func vectors(_ shape: Case) -> [[Float]] {
        var random = Random(7)
        let centres = (0..<shape.centres).map { _ in random.unit(shape.dimension) }
        return (0..<shape.rows).map { row in
            random.unit(shape.dimension, near: centres[row % centres.count], spread: shape.spread)
        }
    }

    func store(_ vectors: [[Float]], in folder: TemporaryFolder) throws -> VectorStore {
        let manifest = Manifest(stamp: Made.stamp, dimension: vectors[0].count, shardRows: 256)
        let writer = try StoreWriter(path: folder.file("i"), manifest)
        for (row, vector) in vectors.enumerated() {
            let image = IndexedImage(
                path: "\(row % 2 == 0 ? "even" : "odd")/\(row)", content: Made.content(row), byteCount: 1, modified: 1)
            try writer.add(image, vector: vector)
        }
        try writer.finish()
        return try VectorStore(path: folder.file("i"))
    }

    @Test("finds what a search in double finds", arguments: cases, [InstructionSet.scalar, .best])
    func exact(shape: Case, set: InstructionSet) throws {
        let folder = try TemporaryFolder()
        let vectors = vectors(shape)
        let store = try store(vectors, in: folder)
        let search = FlatSearch(store, engine: try Engine(threads: 2, instructionSet: set))
        var random = Random(99)
        let queries = (0..<9).map { _ in random.unit(shape.dimension, near: vectors.randomElement(using: &random)) }
        let together = try search.nearest(queries.flatMap(\.self), k: 10)
        for (number, query) in queries.enumerated() {
            let found = try search.nearest(query, k: 10)[0]
            // The two ways give the same bits.
            #expect(found == together[number])
            let similarities = vectors.map { zip($0, query).reduce(0.0) { $0 + Double($1.0) * Double($1.1) } }
            let sorted = similarities.sorted(by: >)
            #expect(found.count == 10 && Set(found.map(\.row)).count == 10)
            for (rank, neighbour) in found.enumerated() {
                let tolerance = 4e-7 * Double(shape.dimension).squareRoot()
                #expect(abs(Double(neighbour.similarity) - similarities[neighbour.row]) < tolerance)
                #expect(abs(sorted[rank] - similarities[neighbour.row]) < 2 * tolerance)
            }
        }
    }

    @Test func filtersAndDeletionsAreHonoured() throws {
        let folder = try TemporaryFolder()
        let vectors = vectors(Self.cases[0])
        _ = try store(vectors, in: folder)
        let writer = try StoreWriter(path: folder.file("i"), Manifest(stamp: Made.stamp, dimension: 96))
        writer.delete(path: "even/4")
        try writer.finish()
        let store = try VectorStore(path: folder.file("i"))
        let search = FlatSearch(store, engine: try Engine(threads: 1))
        #expect(try search.nearest(vectors[4], k: 5)[0].allSatisfy { $0.row != 4 })
        let odd = try RowFilter(store, pathPrefix: "odd/")
        let found = try search.nearest(vectors[4], k: 5, filter: odd)[0]
        #expect(found.count == 5 && found.allSatisfy { $0.row % 2 == 1 })
        let nothing = try search.nearest(vectors[4], k: 5, filter: try RowFilter(store, pathPrefix: "none/"))
        #expect(nothing == [[]])
        #expect(try search.nearest(vectors[5], k: 9999)[0].count == 1499)
        #expect(throws: IndexError.self) { try search.nearest([1, 2], k: 1) }
        #expect(throws: IndexError.self) { try search.nearest([Float](repeating: .nan, count: 96), k: 1) }
    }
}
