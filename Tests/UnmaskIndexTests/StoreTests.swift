import Foundation
import Testing
import UnmaskIndex
import UnmaskRuntime

/// The store: what was added is there, and the same bytes come of the same images however often the writer died.
@Suite struct StoreTests {
    /// 30 images, some of equal pixels, some that fail; `after` is called behind each.
    func fill(_ writer: StoreWriter, after: (Int) throws -> Void = { _ in }) throws {
        for number in 0..<30 where !isKnown(number, writer) {
            if number % 7 == 3 {
                try writer.add(
                    FailedImage(path: Made.image(number).path, type: "invalid_image", message: "number \(number)\n"))
            } else if number % 5 == 4, let row = writer.row(of: Made.content(number - 1)) {
                try writer.addDuplicate(Made.image(number, pixels: number - 1), ofRow: row)
            } else {
                try writer.add(Made.image(number), vector: Made.vector(number))
            }
            try after(number)
        }
        try writer.finish()
    }

    private func isKnown(_ number: Int, _ writer: StoreWriter) -> Bool {
        let path = Made.image(number).path
        return writer.image(of: path) != nil || writer.hasFailed(path)
    }

    @Test func whatWasAddedIsThere() throws {
        let folder = try TemporaryFolder()
        try fill(StoreWriter(path: folder.file("i"), Made.manifest()))
        let store = try VectorStore(path: folder.file("i"))
        #expect(store.manifest.isComplete)
        #expect(store.manifest.shards.count == 3)
        #expect(try store.failures().map(\.path) == [3, 10, 17, 24].map { Made.image($0).path })
        var paths: [String] = []
        try store.forEachRecord { (record: Record) throws in
            paths.append(record.image.path)
            #expect(try store.images(ofRow: record.row).contains(record.image))
            let number = record.image.byteCount - 100
            let pixels = record.isDuplicate ? number - 1 : number
            #expect(try store.vector(ofRow: record.row) == Made.vector(pixels))
        }
        #expect(paths == (0..<30).filter { $0 % 7 != 3 }.map { Made.image($0).path })
    }

    @Test("a writer that dies goes on to the same bytes", arguments: 0..<30)
    func resumption(death: Int) throws {
        let folder = try TemporaryFolder()
        let (whole, cut) = (folder.file("whole"), folder.file("cut"))
        try fill(StoreWriter(path: whole, Made.manifest()))
        struct Death: Error {}
        // A checkpoint, then more, then the end: what lies on the disk is the checkpoint and something behind it.
        #expect(throws: Death.self) {
            let writer = try StoreWriter(path: cut, Made.manifest())
            try fill(writer) { number in
                if number == death / 2 { try writer.checkpoint() }
                if number == death { throw Death() }
            }
        }
        try Data([1, 2, 3]).write(to: URL(fileURLWithPath: cut + "/index.json.part"))
        let writer = try StoreWriter(path: cut, Made.manifest())
        #expect(writer.resumed.damage == nil)
        #expect(writer.resumed.records + writer.resumed.errors == death / 2 + 1)
        try fill(writer)
        #expect(try contents(of: cut) == contents(of: whole))
    }

    @Test(
        "damage is told, what is sound before it is kept",
        arguments: ["000001.f32", "000001.jsonl", "000001.i8", "000002.f32", "errors.jsonl"])
    func damage(file: String) throws {
        let folder = try TemporaryFolder()
        let (whole, damaged) = (folder.file("whole"), folder.file("damaged"))
        try fill(StoreWriter(path: whole, Made.manifest()))
        try FileManager.default.copyItem(atPath: whole, toPath: damaged)
        var bytes = try #require(FileManager.default.contents(atPath: damaged + "/" + file))
        bytes[bytes.count / 2] ^= 0x10
        try bytes.write(to: URL(fileURLWithPath: damaged + "/" + file))
        if file != "errors.jsonl" {
            let error = #expect(throws: IndexError.self) { try VectorStore(path: damaged) }
            #expect(error?.cause == .damaged && error?.path == damaged + "/" + file)
        }
        let writer = try StoreWriter(path: damaged, Made.manifest())
        #expect(writer.resumed.damage?.contains(file) == true)
        #expect(writer.resumed.rows == (file == "000002.f32" ? 16 : file == "errors.jsonl" ? 22 : 8))
        try fill(writer)
        #expect(try contents(of: damaged) == contents(of: whole))
    }

    @Test func aFileThatIsTooShortIsNamed() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("i")
        try fill(StoreWriter(path: path, Made.manifest()))
        for (name, data) in try contents(of: path) where data.count > 1 && name != "errors.jsonl" {
            try data.dropLast().write(to: URL(fileURLWithPath: path + "/" + name))
            #expect(throws: IndexError.self, "\(name)") { try VectorStore(path: path) }
            try data.write(to: URL(fileURLWithPath: path + "/" + name))
        }
        #expect(try VectorStore(path: path).rowCount == 22)
    }

    @Test func onlyItsOwnStampGoesOn() throws {
        let folder = try TemporaryFolder()
        try fill(StoreWriter(path: folder.file("i"), Made.manifest()))
        let other = Manifest(stamp: ["model": "other", "pooling": "mean"], dimension: Made.dimension)
        let error = #expect(throws: IndexError.self) { try StoreWriter(path: folder.file("i"), other) }
        #expect(error?.cause == .stampMismatch)
        #expect(error?.problem.contains("model is made in the index and other here") == true)
        #expect(throws: IndexError.self) { try StoreWriter(path: folder.path, Made.manifest()) }
    }

    @Test func oneWriterAtATime() throws {
        let folder = try TemporaryFolder()
        let writer = try StoreWriter(path: folder.file("i"), Made.manifest())
        let error = #expect(throws: IndexError.self) { try StoreWriter(path: folder.file("i"), Made.manifest()) }
        #expect(error?.cause == .busy)
        #expect(writer.rowCount == 0)
    }

    @Test func deletedImagesDoNotCountAndMergingDropsThem() throws {
        let folder = try TemporaryFolder()
        let writer = try StoreWriter(path: folder.file("i"), Made.manifest())
        try fill(writer)
        // 19 has the pixels of 18: the vector stays for it.
        for number in [0, 1, 18] { #expect(writer.delete(path: Made.image(number).path)) }
        #expect(!writer.delete(path: "nothing"))
        try writer.finish()
        let store = try VectorStore(path: folder.file("i"))
        #expect(store.deletedCount == 3)
        #expect(try RowFilter(store).rowCount == 20)
        _ = try IndexMerge.run([folder.file("i")], into: folder.file("compact"), engine: Engine(threads: 1))
        let compact = try VectorStore(path: folder.file("compact"))
        #expect(compact.deletedCount == 0 && compact.rowCount == 20)
        let expected = try StoreWriter(path: folder.file("direct"), Made.manifest())
        for number in 2..<30 where number % 7 != 3 {
            let pixels = number % 5 == 4 && (number - 1) % 7 != 3 ? number - 1 : number
            guard number != 18 else { continue }
            try expected.add(Made.image(number, pixels: pixels), vector: Made.vector(pixels))
        }
        for failure in try store.failures() { try expected.add(failure) }
        try expected.finish()
        #expect(try contents(of: folder.file("compact")) == contents(of: folder.file("direct")))
    }
}
