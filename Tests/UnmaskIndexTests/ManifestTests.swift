import Foundation
import Testing
import UnmaskGraph
import UnmaskIndex

/// Manifests that somebody has made, with the checksum that fits: one named error each.
@Suite struct ManifestTests {
    static let changes: [(from: String, to: String, cause: IndexError.Cause, words: String)] = [
        (#""format":"unmask-index""#, #""format":"other""#, .unsupported, "format “other”"),
        (#""version":1"#, #""version":2"#, .unsupported, "format version 2"),
        (#""byte_order":"little""#, #""byte_order":"big""#, .unsupported, "byte order “big”"),
        (#""dimension":12"#, #""dimension":0"#, .damaged, "vectors of 0 numbers"),
        (#""dimension":12"#, #""dimension":13"#, .damaged, "other sizes than its rows"),
        (#""dimension":12"#, #""dimension":1e400"#, .damaged, "not a manifest"),
        (#""shard_rows":8"#, #""shard_rows":9"#, .damaged, "shards of 9 rows"),
        (#""shard_rows":8"#, #""shard_rows":-8"#, .damaged, "shards of -8 rows"),
        (#""rows":2"#, #""rows":3"#, .damaged, "other sizes than its rows"),
        (#""rows":2"#, #""rows":-2"#, .damaged, "has -2 rows"),
        (#""records":3"#, #""records":9223372036854775807"#, .damaged, "records"),
        (#""records":3"#, #""records":2"#, .damaged, "has 3 records; 2 were written"),
        (#""deleted":[1]"#, #""deleted":[1,1]"#, .damaged, "deletes records that it does not have"),
        (#""deleted":[1]"#, #""deleted":[11]"#, .damaged, "deletes records that it does not have"),
        (#""deleted":[1]"#, #""deleted":[-1]"#, .damaged, "deletes records that it does not have"),
        (#""stamp":{"#, #""stamp":{"x":3,"#, .damaged, "not a manifest"),
    ]

    @Test("is refused by name", arguments: changes.indices)
    func hostile(number: Int) throws {
        let change = Self.changes[number]
        let folder = try TemporaryFolder()
        let path = folder.file("i")
        let writer = try StoreWriter(path: path, Made.manifest())
        for image in 0..<10 { try writer.add(Made.image(image), vector: Made.vector(image)) }
        try writer.addDuplicate(Made.image(10, pixels: 9), ofRow: 9)
        writer.delete(path: Made.image(1).path)
        try writer.finish()
        _ = try VectorStore(path: path)

        let text = try String(contentsOfFile: path + "/index.json", encoding: .utf8)
        let body = String(text.dropFirst(#"{"checksum":"0123456789abcdef","manifest":"#.count).dropLast(2))
        let changed = body.replacingOccurrences(of: change.from, with: change.to)
        #expect(changed != body)
        let sum = Array(changed.utf8).withUnsafeBytes { Checksum.of($0) }
        let digits = String(sum, radix: 16)
        let padded = String(repeating: "0", count: 16 - digits.count) + digits
        try "{\"checksum\":\"\(padded)\",\"manifest\":\(changed)}\n".write(
            toFile: path + "/index.json", atomically: false, encoding: .utf8)
        let error = #expect(throws: IndexError.self) { try VectorStore(path: path) }
        #expect(error?.cause == change.cause)
        #expect(error?.problem.contains(change.words) == true, "\(error?.problem ?? "")")
    }

    @Test func aManifestWithoutItsChecksumIsDamaged() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("i")
        try StoreWriter(path: path, Made.manifest()).finish()
        let text = try String(contentsOfFile: path + "/index.json", encoding: .utf8)
        for changed in [
            "", "{}", String(text.dropLast()), text.replacingOccurrences(of: "true", with: "True"), text + "\n",
        ] {
            try changed.write(toFile: path + "/index.json", atomically: false, encoding: .utf8)
            let error = #expect(throws: IndexError.self) { try VectorStore(path: path) }
            #expect(error?.cause == .damaged)
        }
    }
}
