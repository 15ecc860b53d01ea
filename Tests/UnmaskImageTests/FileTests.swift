import Foundation
import Testing
import UnmaskImage

@Suite("image files")
struct FileTests {
    /// A fresh folder, removed afterwards.
    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder.path)
    }

    @Test("a PNG written is the PNG read", arguments: [1, 3])
    func roundTrip(channels: Int) throws {
        try withFolder { folder in
            let image = ResampleTests.noise(37, 19, channels)
            let path = folder + "/out.png"
            try Data("old".utf8).write(to: URL(fileURLWithPath: path))
            try image.writePNG(to: path)
            #expect(try PixelImage.decode(readImageFile(path), channels: channels) == image)
            #expect(try readImageFile(path) == image.pngData())
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["out.png"])
        }
    }

    @Test("what cannot be written says so and leaves nothing")
    func unwritable() throws {
        try withFolder { folder in
            let image = ResampleTests.noise(2, 2, 3)
            let missing = folder + "/missing/out.png"
            let error = #expect(throws: ImageWriteError.self) { try image.writePNG(to: missing) }
            #expect(error?.description.contains(missing) == true)
            try FileManager.default.createDirectory(atPath: folder + "/taken", withIntermediateDirectories: true)
            #expect(throws: ImageWriteError.self) { try image.writePNG(to: folder + "/taken") }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["taken"])
        }
    }

    @Test("what cannot be read says why")
    func unreadable() throws {
        try withFolder { folder in
            let fifo = folder + "/fifo"
            try #require(mkfifo(fifo, 0o600) == 0)
            for (path, reason) in [
                (folder + "/missing.jpg", "No such file"), (folder, "is a directory"), (fifo, "not a regular file"),
            ] {
                let error = #expect(throws: ImageError.self) { try readImageFile(path) }
                #expect(error?.type == "image_not_found")
                #expect(error?.message.contains(reason) == true && error?.message.contains(path) == true)
            }
            let big = folder + "/big.jpg"
            try Data(count: 1001).write(to: URL(fileURLWithPath: big))
            let error = #expect(throws: ImageError.self) { try readImageFile(big, limits: ImageLimits(maxBytes: 1000)) }
            #expect(error?.type == "image_too_large")
            let text = folder + "/text.jpg"
            try Data("an ordinary text".utf8).write(to: URL(fileURLWithPath: text))
            let recipe = try Recipe(.mae, height: 28, width: 28)
            #expect(throws: ImageError.self) { try recipe.prepare(path: text) }
        }
    }
}
