import Foundation
import Testing
import UnmaskIndex
import UnmaskRuntime

/// Bits: what they find has an exact search's similarities and reaches the recall that was asked for; their files follow the
/// store's rules.
@Suite struct BitsTests {
    static let shapes: [SearchTests.Case] = [
        .init(dimension: 96, rows: 1500, centres: 40, spread: 0.15),
        .init(dimension: 65, rows: 900, centres: 3, spread: 0.3),
        .init(dimension: 1, rows: 300, centres: 1, spread: 0.5),
        .init(dimension: 7, rows: 700, centres: 9, spread: 0.1),
        // All rows so alike that signs cannot tell them apart.
        .init(dimension: 64, rows: 800, centres: 1, spread: 0.0005),
    ]

    func image(_ row: Int) -> IndexedImage {
        IndexedImage(
            path: "\(row % 2 == 0 ? "even" : "odd")/\(row)", content: Made.content(row), byteCount: 1, modified: 1)
    }

    func store(
        _ vectors: [[Float]], at path: String, wanted: Double? = 0.95, deleting deleted: [Int] = []
    ) throws -> VectorStore {
        var manifest = Manifest(stamp: Made.stamp, dimension: vectors[0].count, shardRows: 256)
        manifest.bits = wanted.map { Manifest.BitsPlan(wanted: $0) }
        let writer = try StoreWriter(path: path, manifest)
        for (row, vector) in vectors.enumerated() where row >= writer.rowCount {
            try writer.add(image(row), vector: vector)
        }
        for row in deleted { writer.delete(path: image(row).path) }
        try writer.finish(measuring: Engine(threads: 2))
        return try VectorStore(path: path)
    }

    func nearest(_ query: [Float], _ vectors: [[Float]], _ counts: (Int) -> Bool = { _ in true }) -> [Double] {
        let similarities = vectors.indices.filter(counts).map { row in
            zip(vectors[row], query).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
        }
        return similarities.sorted(by: >)
    }

    @Test("finds what a search in double finds, as often as was measured", arguments: shapes)
    func recall(shape: SearchTests.Case) throws {
        let folder = try TemporaryFolder()
        let vectors = SearchTests().vectors(shape)
        let store = try store(vectors, at: folder.file("i"))
        let engine = try Engine(threads: 2)
        let reached = try #require(store.manifest.bits?.reached)
        #expect(reached.recall >= 0.95 && reached.rows == shape.rows && reached.queries == 200)
        let (search, exact) = (try StoreSearch(store, mode: .bits, engine: engine), FlatSearch(store, engine: engine))
        #expect(search.recall == reached)
        var random = Random(5)
        let queries = (0..<40).map { _ in random.unit(shape.dimension, near: vectors.randomElement(using: &random)) }
        var hits = 0
        for (query, found) in zip(queries, try search.nearest(queries.flatMap(\.self), k: 10)) {
            #expect(found.count == 10 && Set(found.map(\.row)).count == 10)
            let sorted = nearest(query, vectors)
            hits += found.count { Double($0.similarity) >= sorted[9] - 1e-6 }
            // The similarities are those that an exact search gives, to the bit.
            let all = try exact.nearest(query, k: shape.rows)[0]
            let known = Dictionary(all.map { ($0.row, $0.similarity) }) { first, _ in first }
            for neighbour in found { #expect(known[neighbour.row] == neighbour.similarity) }
        }
        #expect(Double(hits) / 400 >= 0.85)
    }

    @Test func filtersDeletionsAndAdditionsAreHonoured() throws {
        let folder = try TemporaryFolder()
        let vectors = SearchTests().vectors(Self.shapes[0])
        _ = try store(Array(vectors.prefix(700)), at: folder.file("i"))
        let store = try store(vectors, at: folder.file("i"), deleting: [4])
        let search = try StoreSearch(store, mode: .bits, engine: try Engine(threads: 1))
        #expect(try search.nearest(vectors[4], k: 5)[0].allSatisfy { $0.row != 4 })
        // In a shard that was full before, one that is full now, and the one that is not.
        for row in [3, 701, 1499] { #expect(try search.nearest(vectors[row], k: 1)[0][0].row == row) }
        let odd = try RowFilter(store, pathPrefix: "odd/")
        let found = try search.nearest(vectors[4], k: 5, filter: odd)[0]
        #expect(found.count == 5 && found.allSatisfy { $0.row % 2 == 1 })
        let few = try RowFilter(store, pathPrefix: "even/100")
        #expect(
            Set(try search.nearest(vectors[4], k: 50, filter: few)[0].map(\.row)) == [
                100, 1000, 1002, 1004, 1006, 1008,
            ])
        #expect(try search.nearest(vectors[4], k: 5, filter: try RowFilter(store, pathPrefix: "none/")) == [[]])
        #expect(try search.nearest(vectors[5], k: 9999)[0].count == 1499)
        #expect(throws: IndexError.self) { try search.nearest([1, 2], k: 1) }
        #expect(throws: IndexError.self) { try search.nearest([Float](repeating: .nan, count: 96), k: 1) }
    }

    @Test func anIndexWithoutBitsSaysWhatToDo() throws {
        let folder = try TemporaryFolder()
        let vectors = SearchTests().vectors(Self.shapes[3])
        let store = try store(vectors, at: folder.file("i"), wanted: nil)
        let engine = try Engine(threads: 1)
        let error = #expect(throws: IndexError.self) { try StoreSearch(store, mode: .bits, engine: engine) }
        #expect(error?.cause == .invalidRequest && error?.problem.contains("--kind bits makes them") == true)
        let text = try String(contentsOfFile: folder.file("i") + "/index.json", encoding: .utf8)
        #expect(!text.contains("bits"))
    }

    @Test("bits made later, or by a writer that died, are the same bytes", arguments: [0, 300, 512, 700])
    func sameBytes(death: Int) throws {
        let folder = try TemporaryFolder()
        let vectors = SearchTests().vectors(Self.shapes[3])
        _ = try store(vectors, at: folder.file("whole"))
        // Some without bits, then some that never came to be finished, then all.
        if death > 0 { _ = try store(Array(vectors.prefix(death)), at: folder.file("late"), wanted: nil) }
        var manifest = Manifest(stamp: Made.stamp, dimension: 7, shardRows: 256)
        manifest.bits = Manifest.BitsPlan(wanted: 0.95)
        do {
            let writer = try StoreWriter(path: folder.file("late"), manifest)
            for row in writer.rowCount..<700 where row < death + 40 { try writer.add(image(row), vector: vectors[row]) }
            if death == 512 { try writer.checkpoint() }
        }
        _ = try store(vectors, at: folder.file("late"))
        #expect(try contents(of: folder.file("late")) == contents(of: folder.file("whole")))
        #expect(try contents(of: folder.file("whole")).keys.contains("000001.bits"))
    }

    @Test("damaged bits are named, and made again from the vectors", arguments: 0..<4)
    func damage(kind: Int) throws {
        let folder = try TemporaryFolder()
        let path = folder.file("i")
        let vectors = SearchTests().vectors(Self.shapes[0])
        _ = try store(vectors, at: path)
        let whole = try contents(of: path)
        let file = path + "/000002.bits"
        var bytes = try #require(FileManager.default.contents(atPath: file))
        switch kind {
        case 0: bytes[bytes.count / 2] ^= 1
        case 1: bytes.removeLast()
        case 2: bytes = try #require(whole["000001.bits"])
        default: bytes = Data()
        }
        try bytes.write(to: URL(fileURLWithPath: file))
        let error = #expect(throws: IndexError.self) { try VectorStore(path: path) }
        #expect(error?.cause == .damaged && error?.path == file)
        let writer = try StoreWriter(path: path, Manifest(stamp: Made.stamp, dimension: 96))
        #expect(writer.rowCount == 1500 && writer.resumed.damage == nil)
        try writer.finish(measuring: Engine(threads: 2))
        #expect(try contents(of: path) == whole)
    }

    @Test func mergingKeepsBits() throws {
        let folder = try TemporaryFolder()
        let vectors = SearchTests().vectors(Self.shapes[0])
        _ = try store(vectors, at: folder.file("whole"))
        _ = try store(Array(vectors.prefix(600)), at: folder.file("one"))
        let writer = try StoreWriter(
            path: folder.file("other"), Manifest(stamp: Made.stamp, dimension: 96, shardRows: 256))
        for row in 600..<1500 { try writer.add(image(row), vector: vectors[row]) }
        try writer.finish()
        _ = try IndexMerge.run(
            [folder.file("one"), folder.file("other")], into: folder.file("merged"), engine: Engine(threads: 2))
        #expect(try contents(of: folder.file("merged")) == contents(of: folder.file("whole")))
    }
}
