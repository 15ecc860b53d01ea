import Foundation
import Testing
import UnmaskIndex

/// Archives that GNU tar wrote.
@Suite struct TarTests {
    func archive(_ folder: TemporaryFolder, _ format: String) throws -> String {
        let long = String(repeating: "a-long-folder-name/", count: 9) + String(repeating: "n", count: 120) + ".jpg"
        for (name, size) in [("0001.jpg", 700), ("0001.json", 30), ("ünï.png", 512), (long, 1)] {
            let path = folder.file("in/" + name)
            try FileManager.default.createDirectory(
                atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
            try Data((0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7) }).write(to: URL(fileURLWithPath: path))
        }
        return try Tar.archive(folder.file("in"), to: folder.file("x.tar"), format: format)
    }

    @Test("members are found, with their names and contents", arguments: ["gnu", "pax", "posix"])
    func members(format: String) throws {
        let folder = try TemporaryFolder()
        let path = try archive(folder, format)
        let items = try TarMembers.items(of: path) { $0.hasSuffix(".jpg") || $0.hasSuffix(".png") }
        #expect(items.count == 3)
        for item in items {
            let name = String(item.path.dropFirst(path.count + 1))
            let file = folder.file("in/" + name)
            #expect(
                try TarMembers.contents(of: item) == [UInt8](try #require(FileManager.default.contents(atPath: file))))
        }
    }

    @Test func archivesThatEndEarlyOrAreNoneAreNamed() throws {
        let folder = try TemporaryFolder()
        let path = try archive(folder, "gnu")
        let bytes = try #require(FileManager.default.contents(atPath: path))
        for count in [700, 1023, 2000] {
            try bytes.prefix(count).write(to: URL(fileURLWithPath: path))
            let error = #expect(throws: IndexError.self) { try TarMembers.items(of: path) { _ in true } }
            #expect(error?.cause == .damaged && error?.path == path)
        }
        var damaged = bytes
        damaged[3] ^= 1
        try damaged.write(to: URL(fileURLWithPath: path))
        #expect(throws: IndexError.self) { try TarMembers.items(of: path) { _ in true } }
        #expect(throws: IndexError.self) { try TarMembers.items(of: folder.file("none.tar")) { _ in true } }
    }
}
