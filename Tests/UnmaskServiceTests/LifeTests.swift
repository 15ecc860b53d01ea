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
                try await client.waitForQueue(4)
                await server.shutDown()
                try await client.waitForHealth { $0.contains("draining") }
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
        let (gate, clock) = (Gate(), ManualClock())
        let configuration = ServiceConfiguration.with {
            $0.clock = clock
            $0.timeouts.drain = .seconds(20)
        }
        let answers = try await LiveServer.running(FakeBackend(gate: gate, maximumBatch: 1), configuration) { server in
            defer { gate.open() }
            return try await LineClient.connected(to: server.unix) { client in
                try await LineClient.connected(to: server.unix) { watcher in
                    for id in 0..<5 { try await client.send(Self.embed(id)) }
                    try await watcher.waitForQueue(4)
                    await server.shutDown()
                    try await watcher.waitForHealth { $0.contains("draining") }
                    // In steps that leave the refusals the second that they have to be written.
                    try await watcher.waitForHealth { health in
                        clock.advance(by: .milliseconds(100))
                        return health.contains(#""queued_images":0,"#)
                    }
                }
                var answers: [ServerAnswer] = []
                for _ in 0..<4 { answers.append(try #require(await client.receive())) }
                let end = try await clock.passing(.seconds(1)) { try await client.receive() }
                #expect(end == nil)
                return answers
            }
        }
        #expect(answers.count == 4)
        #expect(answers.allSatisfy { $0.result?.results?.first?.error?.type == "shutting_down" })
    }

    @Test func healthTellsAStalledEngine() async throws {
        let gate = Gate()
        let clock = ManualClock()
        let configuration = ServiceConfiguration.with { $0.clock = clock }
        try await LiveServer.running(FakeBackend(gate: gate), configuration) { server in
            defer { gate.open() }
            try await LineClient.connected(to: server.unix) { client in
                try await client.send(Self.embed(1))
                try await eventually { gate.hasWaiter }
                clock.advance(by: configuration.timeouts.stall)
                #expect(try await client.ask(#"{"id":2,"method":"health"}"#).result?.status == "ok")
                clock.advance(by: .milliseconds(1))
                #expect(try await client.ask(#"{"id":2,"method":"health"}"#).result?.status == "stalled")
                gate.open()
                #expect(try await client.receive()?.id == 1)
                // Its answer may come before the engine has said that it is free.
                try await client.waitForHealth { $0.contains(#""status":"ok""#) }
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
        close(try UnixSocketFile.listen(at: path).descriptor)
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
