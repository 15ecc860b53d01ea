import Foundation
import Testing

@testable import UnmaskService

/// `unmask serve` whose standard error cannot be written: it serves, and obeys.
@Suite(.timeLimit(.minutes(3))) struct LogProcessTests {
    enum StandardError: CaseIterable {
        case unreadPipe, closedPipe, fullDisk
    }

    @Test(arguments: StandardError.allCases)
    func aServerServesAndEndsWhateverItsLogDoes(_ kind: StandardError) async throws {
        let directory = try LiveServer.temporaryDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let pipe = Pipe()
        let target: FileHandle
        switch kind {
        case .unreadPipe:
            target = pipe.fileHandleForWriting
            Self.fill(target.fileDescriptor)
        case .closedPipe:
            target = pipe.fileHandleForWriting
            try pipe.fileHandleForReading.close()
        case .fullDisk:
            target = try #require(FileHandle(forWritingAtPath: "/dev/full"))
        }
        let server = try ServeProcess(in: directory, ["--log-level", "trace"], standardError: target)
        #expect(server.listens())
        try await LineClient.connected(to: .unix(path: server.socket)) { client in
            // Each is logged; today's queue and a pipe together hold less.
            for id in 0..<200 {
                try await client.send(#"{"id":\#(id),"method":"health"}"#)
                #expect(try await client.receive()?.result?.status == "ok")
            }
        }
        #expect(server.end(by: SIGTERM) == 0)
        #expect(!FileManager.default.fileExists(atPath: server.socket))
    }

    @Test func whatKeepsItFromStartingIsSaidAndEndsIt() throws {
        let directory = try LiveServer.temporaryDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let pipe = Pipe()
        let server = try ServeProcess(
            in: directory, ["--token-file", directory + "/none"], standardError: pipe.fileHandleForWriting)
        try pipe.fileHandleForWriting.close()
        let said = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        #expect(said.contains("error: ") && said.contains(directory + "/none"))
        #expect(server.end(by: 0) == 2)
    }

    /// Writes until nothing more goes in.
    private static func fill(_ descriptor: CInt) {
        let flags = fcntl(descriptor, F_GETFL)
        _ = fcntl(descriptor, F_SETFL, flags | O_NONBLOCK)
        let chunk = [UInt8](repeating: 0x0A, count: 4096)
        while write(descriptor, chunk, chunk.count) > 0 {}
        while write(descriptor, chunk, 1) > 0 {}
        _ = fcntl(descriptor, F_SETFL, flags)
    }
}
