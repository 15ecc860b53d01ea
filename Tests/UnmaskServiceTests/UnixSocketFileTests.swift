import Foundation
import Synchronization
import Testing

@testable import UnmaskService

@Suite(.timeLimit(.minutes(3))) struct UnixSocketFileTests {
    @Test func aServerThatEndsLeavesALaterOnesSocketAlone() throws {
        let directory = try LiveServer.temporaryDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let path = directory + "/socket"
        let old = try UnixSocketFile.listen(at: path)
        // It has closed its socket and finishes what is in flight: the next server takes the path.
        close(old.descriptor)
        let new = try UnixSocketFile.listen(at: path)
        defer { close(new.descriptor) }
        old.file.remove()
        #expect(FileManager.default.fileExists(atPath: path))
        new.file.remove()
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func aFileInItsPlaceStays() throws {
        let directory = try LiveServer.temporaryDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let path = directory + "/socket"
        let (descriptor, file) = try UnixSocketFile.listen(at: path)
        defer { close(descriptor) }
        try "precious".write(toFile: path + ".new", atomically: false, encoding: .utf8)
        #expect(rename(path + ".new", path) == 0)
        file.remove()
        #expect(FileManager.default.contents(atPath: path) == Data("precious".utf8))
    }

    /// Each time one is left behind, as by kill -9, which all of them want to remove.
    @Test func ofServersThatRaceForAPathOneGetsIt() async throws {
        let directory = try LiveServer.temporaryDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let path = directory + "/socket"
        for _ in 0..<100 {
            close(try UnixSocketFile.listen(at: path).descriptor)
            let winners = await withTaskGroup(of: CInt?.self) { group in
                for _ in 0..<4 {
                    group.addTask { (try? UnixSocketFile.listen(at: path))?.descriptor }
                }
                return await group.reduce(into: [CInt]()) { if let winner = $1 { $0.append(winner) } }
            }
            #expect(winners.count == 1)
            for descriptor in winners { close(descriptor) }
        }
    }
}
