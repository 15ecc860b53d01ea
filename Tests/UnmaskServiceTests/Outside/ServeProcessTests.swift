import Foundation
import Testing

@testable import UnmaskService

/// `unmask serve` as a service manager sees it: the real program, its signals, and what it says on NOTIFY_SOCKET.
@Suite(.timeLimit(.minutes(3))) struct ServeProcessTests {
    @Test func aManagerHearsOfReadinessReloadsAndTheEnd() async throws {
        let directory = try LiveServer.temporaryDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let manager = try NotificationSocket(directory + "/notify")
        let token = directory + "/token"
        try SecretText.write(ExposedServer.token, to: token)

        let process = Process()
        process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
            .appendingPathComponent("unmask")
        process.arguments = [
            "serve", "--model", Self.model, "--socket", directory + "/socket", "--http", "127.0.0.1:0", "--token-file",
            token, "--log-format", "json", "--log-level", "debug", "--no-cache",
        ]
        process.environment = ProcessInfo.processInfo.environment.merging([
            "NOTIFY_SOCKET": directory + "/notify", "WATCHDOG_USEC": "100000",
        ]) { $1 }
        let log = directory + "/log"
        #expect(FileManager.default.createFile(atPath: log, contents: nil))
        process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: log))
        try process.run()
        defer { process.terminate() }

        let ready = try #require(manager.receive(after: "READY=1"))
        let port = try #require(ready.split(separator: ":").last.flatMap { Int($0) })
        #expect(manager.receive(after: "WATCHDOG=1") != nil)
        try await LineClient.connected(to: .tcp(host: "127.0.0.1", port: port)) { client in
            let answer = try await client.http("GET", "/readyz")
            #expect(answer?.status == 200)
        }

        // The token is no token any more: the reload says so, and the server goes on.
        try SecretText.write("short", to: token)
        kill(process.processIdentifier, SIGHUP)
        #expect(manager.receive(after: "RELOADING=1")?.contains("MONOTONIC_USEC=") == true)
        #expect(manager.receive(after: "READY=1") == "READY=1")
        try await LineClient.connected(to: .unix(path: directory + "/socket")) { client in
            try await client.send(#"{"id":1,"method":"health"}"#)
            let answer = try await client.receive()
            #expect(answer?.result?.status == "ok")
        }

        kill(process.processIdentifier, SIGTERM)
        #expect(manager.receive(after: "STOPPING=1") != nil)
        process.waitUntilExit()
        #expect(process.terminationReason == .exit && process.terminationStatus == 0)
        #expect(!FileManager.default.fileExists(atPath: directory + "/socket"))
        let lines = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n")
        let objects = lines.compactMap { try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: String] }
        #expect(objects.count == lines.count, "every line is a JSON object")
        #expect(objects.contains { $0["level"] == "error" && $0["what"] == "token" })
        #expect(objects.contains { $0["method"] == "health" && $0["transport"] == "unix" })
    }

    private static var model: String {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        return root.path + "/models/fashion-vit.safetensors"
    }
}

extension NotificationSocket {
    /// The first datagram that begins so, whatever comes before it.
    fileprivate func receive(after prefix: String) -> String? {
        while let text = receive() {
            if text.hasPrefix(prefix) { return text }
        }
        return nil
    }
}
