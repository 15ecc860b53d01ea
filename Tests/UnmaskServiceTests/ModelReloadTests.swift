import Foundation
import Synchronization
import Testing
import UnmaskImage
import UnmaskModel
import UnmaskRuntime

@testable import UnmaskService

/// Reloads of a model file that someone else writes to meanwhile.
@Suite struct ModelReloadTests {
    private static func model(width: Int) throws -> Model {
        let configuration = ModelConfiguration(
            imageSize: [32, 32], patchSize: 8, channels: 3, width: width, depth: 2, heads: 2)
        return try Model.synthetic(configuration, name: "small")
    }

    /// When, between two steps of loading, the file is changed.
    enum Moment: CaseIterable, Sendable {
        case read, optimised
    }

    /// `cp` over the file instead of `mv`: the new model is refused, by name and with the remedy, and the old one answers
    /// on, with its own hash; once the file is whole, it is loaded.
    @Test(arguments: Moment.allCases, [true, false])
    func aFileThatChangesWhileItIsReloadedLeavesTheOldModel(moment: Moment, shortened: Bool) async throws {
        let folder = NSTemporaryDirectory() + "unmask-reload-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/m.safetensors"
        let (old, new) = (try Self.model(width: 32), try Self.model(width: 64))
        try old.write(to: path)
        let isDisturbed = Mutex(false)
        let engine = try Engine(threads: 1)
        let disturb: @Sendable (Moment) throws -> Void = { now in
            guard now == moment, isDisturbed.withLock({ $0 }) else { return }
            if shortened { return #expect(truncate(path, 4096) == 0) }
            let handle = try #require(FileHandle(forUpdatingAtPath: path))
            try handle.seek(toOffset: 100_000)
            try handle.write(contentsOf: Data(repeating: 1, count: 1000))
            try handle.close()
        }
        let registry = try ModelRegistry([ModelSource(name: "m", path: path)]) { source in
            let model = try Model.load(source.path)
            try disturb(.read)
            let session = try ModelSession(model, engine: engine)
            try disturb(.optimised)
            return try ModelBackend(session)
        }
        let (before, after) = (try old.hash, try new.hash)
        let image = try PixelImage(width: 8, height: 8, channels: 3, pixels: [UInt8](repeating: 9, count: 192))
            .pngData()
        let embed = #"{"id":1,"method":"embed","params":{"images":[{"frame":0}]},"bytes":[\#(image.count)]}"#
        try await LiveServer.running(registry) { server in
            try await LineClient.connected(to: server.unix) { client in
                let first = try await client.ask(embed, frames: [image])
                #expect(first.text.contains(before))

                try new.write(to: path)
                try FileManager.default.setAttributes(
                    [.modificationDate: Date(timeIntervalSinceNow: -86_400)], ofItemAtPath: path)
                isDisturbed.withLock { $0 = true }
                let refused = try await client.ask(#"{"id":2,"method":"reload","params":{"name":"m"}}"#)
                #expect(refused.text.contains("m.safetensors") && refused.text.contains("renaming"), "\(refused.text)")
                let second = try await client.ask(embed, frames: [image])
                #expect(second.result?.results?.first?.embedding == first.result?.results?.first?.embedding)
                #expect(second.text.contains(before))

                isDisturbed.withLock { $0 = false }
                try new.write(to: path)
                _ = try await client.ask(#"{"id":3,"method":"reload","params":{"name":"m"}}"#)
                let third = try await client.ask(embed, frames: [image])
                #expect(third.text.contains(after))
            }
        }
    }
}
