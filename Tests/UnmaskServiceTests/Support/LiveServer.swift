import Foundation
import Logging
import ServiceLifecycle

@testable import UnmaskService

/// A server that runs for the length of a test, on a Unix socket in a directory of its own and on a free TCP port.
struct LiveServer: Sendable {
    let addresses: [BoundAddress]
    let directory: String
    let reloader: Reloader
    private let group: ServiceGroup

    var unix: BoundAddress { addresses[0] }
    var tcp: BoundAddress { addresses[1] }
    /// Where the configuration asks for it.
    var http: BoundAddress { addresses[2] }

    /// SIGTERM's effect.
    func shutDown() async { await group.triggerGracefulShutdown() }

    static func running<Value: Sendable>(
        _ backend: any InferenceBackend, _ configuration: ServiceConfiguration = ServiceConfiguration(),
        logger: Logger = Self.silentLogger, _ body: @escaping @Sendable (LiveServer) async throws -> Value
    ) async throws -> Value {
        try await running(
            try ModelRegistry([(name: "fake", backend: backend)]), configuration, logger: logger, body)
    }

    static func running<Value: Sendable>(
        _ models: ModelRegistry, _ configuration: ServiceConfiguration = ServiceConfiguration(),
        indexes: ServedIndexes = .none, logger: Logger = Self.silentLogger,
        _ body: @escaping @Sendable (LiveServer) async throws -> Value
    ) async throws -> Value {
        let directory = try temporaryDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        var configuration = configuration
        configuration.unixSocketPath = configuration.unixSocketPath ?? directory + "/socket"
        configuration.tcp = configuration.tcp ?? ServiceConfiguration.TCPAddress(port: 0)
        configuration.allowedPaths = [directory]

        let (listening, continuation) = AsyncStream.makeStream(of: [BoundAddress].self)
        let server = Server(
            configuration: configuration, models: models, indexes: indexes, logger: logger,
            onListening: { continuation.yield($0) })
        let group = ServiceGroup(
            configuration: .init(services: [server], logger: Self.silentLogger))
        let reloader = server.reloader
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                defer { continuation.finish() }
                try await group.run()
            }
            guard let addresses = await listening.first(where: { _ in true }) else {
                try await tasks.waitForAll()
                throw CancellationError()
            }
            let server = LiveServer(
                addresses: addresses, directory: directory, reloader: reloader, group: group)
            let value = try await body(server)
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            return value
        }
    }

    /// One request to a server of its own, one answer.
    static func ask(
        _ line: String, frames: [[UInt8]] = [], _ backend: any InferenceBackend = FakeBackend()
    ) async throws -> ServerAnswer {
        try await running(backend) { server in
            try await LineClient.connected(to: server.unix) { client in
                try await client.ask(line, frames: frames)
            }
        }
    }

    static let silentLogger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// Short, because a socket's path is.
    static func temporaryDirectory() throws -> String {
        let path = "/tmp/unmask-" + String(UInt64.random(in: 0...UInt64.max), radix: 36)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        return path
    }
}

extension ServiceConfiguration {
    /// The defaults, changed.
    static func with(_ change: (inout ServiceConfiguration) -> Void) -> ServiceConfiguration {
        var configuration = ServiceConfiguration()
        change(&configuration)
        return configuration
    }
}
