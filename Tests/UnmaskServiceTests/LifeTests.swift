import Foundation
import Testing

@testable import UnmaskService

/// How a server begins and ends.
@Suite struct LifeTests {
    private static let embed = #"{"id":%d,"method":"embed","params":{"images":[{"base64":"YQ=="}]}}"#

    private static func embed(_ id: Int) -> String { String(format: embed, id) }

    @Test func modelsAreWarmBeforeTheFirstConnection() async throws {
        let backend = FakeBackend()
        try await LiveServer.running(backend) { _ in #expect(backend.warmUps == 1) }
    }

    @Test func shutdownFinishesWhatIsInFlightAndRefusesTheRest() async throws {
        let gate = Gate()
        let answers = try await LiveServer.running(FakeBackend(gate: gate, maximumBatch: 1)) { server in
            defer { gate.open() }
            return try await LineClient.connected(to: server.unix) { client in
                for id in 0..<5 { try await client.send(Self.embed(id)) }
                try await client.send(#"{"id":90,"method":"health"}"#)
                #expect(try await client.receive()?.result?.status == "ok")
                await server.shutDown()
                var status: String?
                while status != "draining" {
                    try await client.send(#"{"id":91,"method":"health"}"#)
                    status = try await client.receive()?.result?.status
                }
                try await client.send(Self.embed(5))
                let refused = try await client.receive()
                #expect(refused?.id == 5 && refused?.error?.type == "shutting_down")
                gate.open()
                var answers: [ServerAnswer] = []
                while let answer = try await client.receive() { answers.append(answer) }
                return answers
            }
        }
        #expect(answers.compactMap(\.id).sorted() == [0, 1, 2, 3, 4])
        #expect(answers.allSatisfy { $0.result?.failed == 0 })
    }

    @Test func shutdownRefusesWhatIsQueuedAfterTheDeadline() async throws {
        let gate = Gate()
        let answers = try await LiveServer.running(
            FakeBackend(gate: gate, maximumBatch: 1), .with { $0.timeouts.drain = .milliseconds(50) }
        ) { server in
            defer { gate.open() }
            return try await LineClient.connected(to: server.unix) { client in
                for id in 0..<5 { try await client.send(Self.embed(id)) }
                try await eventually { gate.hasWaiter }
                await server.shutDown()
                var answers: [ServerAnswer] = []
                while let answer = try await client.receive() { answers.append(answer) }
                return answers
            }
        }
        #expect(answers.count == 4)
        #expect(answers.allSatisfy { $0.result?.results?.first?.error?.type == "shutting_down" })
    }

    @Test func healthTellsAStalledEngine() async throws {
        let gate = Gate()
        let configuration = ServiceConfiguration.with { $0.timeouts.stall = .milliseconds(30) }
        try await LiveServer.running(FakeBackend(gate: gate), configuration) { server in
            defer { gate.open() }
            try await LineClient.connected(to: server.unix) { client in
                try await client.send(Self.embed(1))
                try await eventually { gate.hasWaiter }
                try await Task.sleep(for: .milliseconds(60))
                try await client.send(#"{"id":2,"method":"health"}"#)
                #expect(try await client.receive()?.result?.status == "stalled")
                gate.open()
                #expect(try await client.receive()?.id == 1)
                try await client.send(#"{"id":3,"method":"health"}"#)
                #expect(try await client.receive()?.result?.status == "ok")
            }
        }
    }

    @Test func theSocketBelongsToItsOwnerAndIsRemoved() async throws {
        let path = try await LiveServer.running(FakeBackend()) { server in
            guard case .unix(let path) = server.unix else { throw CancellationError() }
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            #expect(attributes[.posixPermissions] as? Int == 0o600)
            return path
        }
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func aSocketLeftBehindIsReplacedALiveOneAndAFileAreNot() async throws {
        let directory = try LiveServer.temporaryDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let path = directory + "/left"
        // A descriptor that is closed without unlinking is what kill -9 leaves.
        close(try UnixSocketFile(path: path).bind())
        #expect(FileManager.default.fileExists(atPath: path))

        try await LiveServer.running(FakeBackend(), .with { $0.unixSocketPath = path }) { server in
            try await LineClient.connected(to: .unix(path: path)) { client in
                try await client.send(#"{"id":1,"method":"health"}"#)
                #expect(try await client.receive()?.id == 1)
            }
            await #expect(throws: ConfigurationError.socketInUse(path)) {
                try await LiveServer.running(FakeBackend(), .with { $0.unixSocketPath = path }) { _ in }
            }
            try await LineClient.connected(to: .unix(path: path)) { client in
                try await client.send(#"{"id":2,"method":"health"}"#)
                #expect(try await client.receive()?.id == 2)
            }
        }

        try Data("precious".utf8).write(to: URL(fileURLWithPath: path))
        await #expect(throws: ConfigurationError.notASocket(path)) {
            try await LiveServer.running(FakeBackend(), .with { $0.unixSocketPath = path }) { _ in }
        }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "precious")
    }

    @Test func anAddressThatOthersReachIsRefused() async throws {
        let everywhere = ServiceConfiguration(tcp: .init(host: "0.0.0.0", port: 0))
        let exposed = ConfigurationError.addressExposed("0.0.0.0", lacksToken: true, lacksTLS: true)
        await #expect(throws: exposed) { try await LiveServer.running(FakeBackend(), everywhere) { _ in } }
        var accepted = everywhere
        accepted.access.insecureListen = true
        try await LiveServer.running(FakeBackend(), accepted) { server in #expect(server.addresses.count == 2) }
    }

    @Test func impossibleConfigurationsAreNamed() {
        func refused(_ error: ConfigurationError, _ change: (inout ServiceConfiguration) -> Void) {
            var configuration = ServiceConfiguration(unixSocketPath: "/tmp/socket")
            change(&configuration)
            #expect(throws: error) { try configuration.validate() }
        }
        refused(.limit(name: "limits.lineBytes", value: 0, allowed: 1024...(1 << 30))) { $0.limits.lineBytes = 0 }
        refused(.timeout(name: "drain")) { $0.timeouts.drain = .zero }
        refused(.noListener) { $0.unixSocketPath = nil }
        #expect(throws: ConfigurationError.allowedPathMissing("/none")) { try AllowedPaths(["/none"]) }
    }
}
