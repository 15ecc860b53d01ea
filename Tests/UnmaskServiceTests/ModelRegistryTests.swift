import Foundation
import Synchronization
import Testing
import UnmaskModel

@testable import UnmaskService

/// Several models that come and go while requests run.
@Suite struct ModelRegistryTests {
    /// Counts how often each path was loaded; makes fakes, or fails.
    private final class Loader: Sendable {
        private let counts = Mutex<[String: Int]>([:])
        private let backends: [String: FakeBackend]

        init(_ backends: [String: FakeBackend]) { self.backends = backends }

        func load(_ source: ModelSource) throws -> any InferenceBackend {
            let path = source.path
            counts.withLock { $0[path, default: 0] += 1 }
            guard let backend = backends[path] else { throw ServiceError(.modelNotFound, "\(path): no such file") }
            return backend
        }

        func count(_ path: String) -> Int { counts.withLock { $0[path] ?? 0 } }
    }

    private static func embed(_ id: Int, model: String) -> String {
        #"{"id":\#(id),"method":"embed","params":{"images":[{"base64":"YQ=="}],"model":"\#(model)"}}"#
    }

    @Test func aModelIsLoadedWhenItIsFirstAskedFor() async throws {
        let loader = Loader(["/a": FakeBackend(), "/b": FakeBackend()])
        let registry = try ModelRegistry(
            [ModelSource(name: "a", path: "/a"), ModelSource(name: "b", path: "/b", isOnDemand: true)],
            loader: loader.load)
        try await LiveServer.running(registry) { server in
            try await LineClient.connected(to: server.unix) { client in
                let before = try await client.ask(#"{"id":1,"method":"info"}"#)
                #expect(before.result?.models?.map(\.loaded) == [true, false])
                for id in 0..<5 { try await client.send(Self.embed(id, model: "b")) }
                for _ in 0..<5 { #expect(try await client.receive()?.result?.failed == 0) }
                let after = try await client.ask(#"{"id":1,"method":"ready"}"#)
                #expect(after.result?.models?.map(\.loaded) == [true, true] && after.result?.ready == true)
            }
        }
        #expect(loader.count("/a") == 1 && loader.count("/b") == 1)
    }

    @Test func aReplacedModelFinishesWhatItBegan() async throws {
        let gate = Gate()
        let (old, new) = (FakeBackend(gate: gate, maximumBatch: 1), FakeBackend(hash: "new"))
        let registry = try ModelRegistry(
            [ModelSource(name: "m", path: "/old")], loader: Loader(["/old": old, "/new": new]).load)
        try await LiveServer.running(registry) { server in
            defer { gate.open() }
            try await LineClient.connected(to: server.unix) { client in
                for id in 0..<3 { try await client.send(Self.embed(id, model: "m")) }
                try await eventually { gate.hasWaiter && old.prepared == 3 }
                let loaded = try await client.ask(
                    #"{"id":7,"method":"load","params":{"name":"m","path":"/new"}}"#)
                #expect(loaded.text.contains(#""hash":"new""#))
                try await client.send(Self.embed(3, model: "m"))
                gate.open()
                var stamps: [Int: Bool] = [:]
                for _ in 0..<4 {
                    let answer = try #require(await client.receive())
                    stamps[try #require(answer.id)] = answer.text.contains(#""model":"new""#)
                }
                #expect(stamps == [0: false, 1: false, 2: false, 3: true])
            }
        }
    }

    @Test func aModelThatFailsToLoadLeavesTheOldOne() async throws {
        let wrong = FakeBackend(golden: GoldenVector(pooling: .mean, vector: Array(repeating: 1, count: 8)))
        let registry = try ModelRegistry(
            [ModelSource(name: "m", path: "/good")], loader: Loader(["/good": FakeBackend(), "/wrong": wrong]).load)
        try await LiveServer.running(registry) { server in
            try await LineClient.connected(to: server.unix) { client in
                for (path, type) in [("/wrong", "internal"), ("/none", "model_not_found")] {
                    let answer = try await client.ask(
                        #"{"id":1,"method":"load","params":{"name":"m","path":"\#(path)"}}"#)
                    #expect(answer.error?.type == type)
                }
                #expect(try await client.ask(Self.embed(2, model: "m")).result?.failed == 0)
                #expect(try await client.ask(#"{"id":3,"method":"reload"}"#).result?.models?.map(\.name) == ["m"])
            }
        }
    }

    @Test func aModelIsUnloadedByNameAndWhenIdle() async throws {
        let loader = Loader(["/a": FakeBackend(), "/b": FakeBackend()])
        let registry = try ModelRegistry(
            [ModelSource(name: "a", path: "/a"), ModelSource(name: "b", path: "/b")], loader: loader.load)
        let configuration = ServiceConfiguration.with { $0.timeouts.idleModel = .milliseconds(80) }
        try await LiveServer.running(registry, configuration) { server in
            try await LineClient.connected(to: server.unix) { client in
                let answer = try await client.ask(#"{"id":1,"method":"unload","params":{"name":"b","forget":true}}"#)
                #expect(answer.error == nil)
                #expect(try await client.ask(Self.embed(2, model: "b")).error?.type == "model_not_found")
                try await eventually { registry.entries.map(\.name) == ["a"] && registry.loaded.isEmpty }
                #expect(try await client.ask(Self.embed(3, model: "a")).result?.failed == 0)
            }
        }
        #expect(loader.count("/a") == 2)
    }

    @Test func administrationIsForTheUnixSocket() async throws {
        try await LiveServer.running(FakeBackend()) { server in
            try await LineClient.connected(to: server.tcp) { client in
                for method in ["load", "unload", "reload", "drain", "log_level"] {
                    let answer = try await client.ask(#"{"id":1,"method":"\#(method)"}"#)
                    #expect(answer.error?.type == "unauthorized")
                }
                let answer = try await client.ask(#"{"id":1,"method":"hello"}"#)
                #expect(answer.text.contains(#""admin":false"#))
            }
        }
    }
}
