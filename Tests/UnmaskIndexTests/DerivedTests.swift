import Foundation
import Testing
import UnmaskIndex
import UnmaskRuntime

/// Graphs and inverted files: what they find has an exact search's similarities and reaches the recall that was measured, whatever was added, deleted
/// or left out; one that is not its index's is refused by name.
@Suite struct DerivedTests {
    static let shape = SearchTests.Case(dimension: 33, rows: 2100, centres: 30, spread: 0.3)

    func image(_ row: Int) -> IndexedImage { BitsTests().image(row) }

    func store(_ vectors: [[Float]], at path: String, deleting deleted: [Int] = []) throws -> VectorStore {
        try BitsTests().store(vectors, at: path, wanted: nil, deleting: deleted)
    }

    static let modes: [SearchMode] = [.hnsw, .ivfpq]

    @discardableResult
    func build(_ path: String, _ mode: SearchMode, wanted: Double = 0.95) throws -> Manifest.DerivedFile {
        try DerivedBuilding.build(path, for: mode, wanted: wanted, engine: Engine(threads: 2)) { _ in }
    }

    @Test("finds what a search in double finds, as often as was measured", arguments: modes)
    func recall(mode: SearchMode) throws {
        let folder = try TemporaryFolder()
        let vectors = SearchTests().vectors(Self.shape)
        _ = try store(vectors, at: folder.file("i"))
        let made = try build(folder.file("i"), mode)
        #expect(made.rows == 2048 && made.reached.recall >= 0.95 && made.reached.queries == 200)
        let store = try VectorStore(path: folder.file("i"))
        #expect(store.manifest.derived(for: mode) == made)
        let engine = try Engine(threads: 2)
        let (search, exact) = (try StoreSearch(store, mode: mode, engine: engine), FlatSearch(store, engine: engine))
        #expect(search.recall == made.reached)
        var random = Random(5)
        let queries = (0..<40).map { _ in random.unit(33, near: vectors.randomElement(using: &random)) }
        var hits = 0
        for (query, found) in zip(queries, try search.nearest(queries.flatMap(\.self), k: 10)) {
            #expect(found.count == 10 && Set(found.map(\.row)).count == 10)
            hits += found.count { Double($0.similarity) >= BitsTests().nearest(query, vectors)[9] - 1e-6 }
            let all = try exact.nearest(query, k: 2100)[0]
            let known = Dictionary(all.map { ($0.row, $0.similarity) }) { first, _ in first }
            for neighbour in found { #expect(known[neighbour.row] == neighbour.similarity) }
        }
        #expect(Double(hits) / 400 >= 0.85)
    }

    @Test("filters, deletions and additions are honoured", arguments: modes)
    func others(mode: SearchMode) throws {
        let folder = try TemporaryFolder()
        let vectors = SearchTests().vectors(Self.shape)
        _ = try store(Array(vectors.prefix(1300)), at: folder.file("i"))
        try build(folder.file("i"), mode)
        let engine = try Engine(threads: 1)
        let before = try StoreSearch(VectorStore(path: folder.file("i")), mode: mode, engine: engine)
        let deleted = Array(stride(from: 0, to: 600, by: 3))
        let store = try store(vectors, at: folder.file("i"), deleting: deleted)
        for search in [
            try StoreSearch(store, mode: mode, engine: engine),
            try StoreSearch(store, mode: mode, after: before, engine: engine),
        ] {
            for row in [1, 1279, 1281, 1700, 2047, 2099] {
                #expect(try search.nearest(vectors[row], k: 1)[0][0].row == row)
            }
            for row in deleted.prefix(40) {
                let found = try search.nearest(vectors[row], k: 10)[0].map(\.row)
                #expect(found.count == 10 && Set(found).isDisjoint(with: deleted))
            }
            let odd = try RowFilter(store, pathPrefix: "odd/")
            let found = try search.nearest(vectors[4], k: 5, filter: odd)[0]
            #expect(found.count == 5 && found.allSatisfy { $0.row % 2 == 1 })
            // So few that all of them are looked at.
            let few = try RowFilter(store, pathPrefix: "even/100")
            let rows = Set(try search.nearest(vectors[4], k: 50, filter: few)[0].map(\.row))
            #expect(rows == [100, 1000, 1002, 1004, 1006, 1008])
            #expect(try search.nearest(vectors[4], k: 5, filter: try RowFilter(store, pathPrefix: "none/")) == [[]])
            #expect(try search.nearest(vectors[5], k: 9999)[0].count == 1900)
            #expect(throws: IndexError.self) { try search.nearest([1, 2], k: 1) }
        }
    }

    @Test("an index that was not prepared says what to do", arguments: modes)
    func unprepared(mode: SearchMode) throws {
        let folder = try TemporaryFolder()
        let vectors = SearchTests().vectors(Self.shape)
        let small = try store(Array(vectors.prefix(200)), at: folder.file("i"))
        let engine = try Engine(threads: 1)
        let none = #expect(throws: IndexError.self) { try StoreSearch(small, mode: mode, engine: engine) }
        #expect(none?.cause == .invalidRequest && none?.problem.contains("does that") == true)
        let needless = #expect(throws: IndexError.self) { try build(folder.file("i"), mode) }
        #expect(needless?.cause == .invalidRequest && needless?.problem.contains("nothing is needed") == true)
        _ = try store(vectors, at: folder.file("j"))
        let writer = try StoreWriter(path: folder.file("j"), Manifest(stamp: Made.stamp, dimension: 33))
        #expect(throws: IndexError.self) { try build(folder.file("j"), mode) }
        #expect(writer.rowCount == 2100)
        #expect(try VectorStore(path: folder.file("j")).manifest.derived == nil)
    }

    @Test("damaged, cut, swapped and missing files are named", arguments: modes, 0..<5)
    func damage(mode: SearchMode, kind: Int) throws {
        let folder = try TemporaryFolder()
        let path = folder.file("i")
        let vectors = SearchTests().vectors(Self.shape)
        _ = try store(vectors, at: path)
        try build(path, mode)
        let name = try #require(try contents(of: path).keys.first { $0.hasSuffix(".derived") })
        let file = path + "/" + name
        var bytes = try #require(FileManager.default.contents(atPath: file))
        switch kind {
        case 0: bytes[bytes.count / 2] ^= 1
        case 1: bytes.removeLast(4)
        case 2: bytes.replaceSubrange(0..<48, with: bytes[48..<96])
        case 3:
            _ = try store(vectors.reversed(), at: folder.file("j"))
            try build(folder.file("j"), mode)
            let other = try #require(try contents(of: folder.file("j")).first { $0.key.hasSuffix(".derived") })
            bytes = other.value
        default: bytes = Data()
        }
        if bytes.isEmpty {
            try FileManager.default.removeItem(atPath: file)
        } else {
            try bytes.write(to: URL(fileURLWithPath: file))
        }
        let store = try VectorStore(path: path)
        let engine = try Engine(threads: 1)
        let error = #expect(throws: IndexError.self) { try StoreSearch(store, mode: mode, engine: engine) }
        #expect(error?.cause == .damaged && error?.path == file)
        // Exact searches need it not, and it can be made again.
        #expect(try FlatSearch(store, engine: engine).nearest(vectors[7], k: 1)[0][0].row == 7)
        try build(path, mode)
        let again = try StoreSearch(VectorStore(path: path), mode: mode, engine: engine)
        #expect(try again.nearest(vectors[7], k: 1)[0][0].row == 7)
        #expect(try contents(of: path).keys.count { $0.hasSuffix(".derived") } == 1)
    }

    @Test("vectors that are made again lose what was made of them", arguments: modes)
    func again(mode: SearchMode) throws {
        let folder = try TemporaryFolder()
        let path = folder.file("i")
        _ = try store(SearchTests().vectors(Self.shape), at: path)
        try build(path, mode)
        var bytes = try #require(FileManager.default.contents(atPath: path + "/000003.f32"))
        bytes[100] ^= 1
        try bytes.write(to: URL(fileURLWithPath: path + "/000003.f32"))
        let writer = try StoreWriter(path: path, Manifest(stamp: Made.stamp, dimension: 33))
        #expect(writer.rowCount == 768)
        try writer.finish()
        #expect(try VectorStore(path: path).manifest.derived == nil)
    }
}
