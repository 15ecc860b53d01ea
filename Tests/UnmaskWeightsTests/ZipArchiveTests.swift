import Testing
import UnmaskWeights

/// Archives that lie, each in one way.
@Suite struct ZipArchiveTests {
    private static let pickle = PickleBuilder.dictionary([("w", PickleBuilder.tensor(shape: [4], strides: [1]))])
    private static let sound = ZipBuilder([("x/data.pkl", pickle), ("x/data/0", Array(0..<16))])

    private func read(_ bytes: [UInt8]) throws -> TensorTable {
        let folder = try TemporaryFolder()
        return try TensorFile(path: folder.write(bytes)).tensors()
    }

    @Test func soundArchives() throws {
        var wide = Self.sound
        wide.isZip64 = true
        var commented = Self.sound
        commented.comment = Array("PK\u{5}\u{6} not the end".utf8)
        var streamed = Self.sound
        streamed.entries[0].flags = 8
        streamed.entries[0].localSize = 0
        for archive in [Self.sound, wide, commented, streamed] {
            #expect(try read(archive.bytes)["w"]?.withBytes { Array($0) } == Array(0..<16))
        }
    }

    @Test func lies() throws {
        let cases: [(WeightsError.Cause, (inout ZipBuilder) -> Void)] = [
            (.zipEntryCompressed, { $0.entries[1].method = 8 }),
            (.zipEntryEncrypted, { $0.entries[1].flags = 1 }),
            (.zipEntryHeader, { $0.entries[1].localName = "x/data/1" }),
            (.zipEntryHeader, { $0.entries[1].headerOffset = 5 }),
            (.zipEntryHeader, { $0.entries[1].headerOffset = .max - 1 }),
            (.zipEntrySize, { $0.entries[1].localSize = 17 }),
            (.zipEntrySize, { $0.entries[1].localSize = 0 }),
            (
                .zipEntrySize,
                { (zip) in
                    zip.entries[1].localSize = 1000
                    zip.entries[1].directorySize = 1000
                }
            ),
            (
                .zipEntryOverlap,
                { (zip) in
                    zip.entries[0].localSize = UInt32(zip.entries[0].contents.count + 1)
                    zip.entries[0].directorySize = zip.entries[0].localSize
                }
            ),
            (.zipEntryName, { $0.entries[1].name = "x/../data/0" }),
            (.zipEntryName, { $0.entries[1].name = "/x/data/0" }),
            (.zipEntryName, { $0.entries[1].name = "x\\data\\0" }),
            (.zipEntryDuplicate, { $0.entries.append($0.entries[1]) }),
            (.zipDirectory, { $0.count = 3 }),
            (.zipDirectory, { $0.count = 60_000 }),
            (.zipMultipleDisks, { $0.disk = 1 }),
        ]
        for (cause, lie) in cases {
            var archive = Self.sound
            lie(&archive)
            let error = try weightsError { _ = try read(archive.bytes) }
            #expect(error.cause == cause, "\(error)")
        }
        #expect(try weightsError { _ = try read(Array(Self.sound.bytes.dropLast(1))) }.cause == .zipEndMissing)
    }
}
