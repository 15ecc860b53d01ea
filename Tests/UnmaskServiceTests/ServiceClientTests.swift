import Foundation
import Testing
import UnmaskClient

@testable import UnmaskService

@Suite struct ServiceClientTests {
    @Test func overlappingCallsGetTheirOwnReplies() async throws {
        try await LiveServer.running(FakeBackend(), .with { $0.limits.queuedImages = 10_000 }) { server in
            try await ServiceClient.withConnection(to: ServerAddress(server.tcp)) { client in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for index in 0..<200 {
                        let image = Array("image \(index)".utf8)
                        group.addTask {
                            let answer = try await client.embed([.bytes(image)])
                            #expect(try answer.results[0].get().values == FakeBackend.digest(of: image))
                        }
                    }
                    try await group.waitForAll()
                }
            }
        }
    }

    @Test func everyMethodIsTyped() async throws {
        try await LiveServer.running(FakeBackend()) { server in
            let file = server.directory + "/image"
            try Data("image".utf8).write(to: URL(fileURLWithPath: file))
            try await ServiceClient.withConnection(to: ServerAddress(server.unix)) { client in
                let hello = try await client.hello()
                #expect(hello.methods == Method.allCases.map(\.rawValue) && hello.admin)
                #expect(try await client.health().status == "ok")
                #expect(try await client.ready().models.count == 1)

                let images: [ImageInput] = [.file(file), .bytes(FakeBackend.corrupt), .serverPath(file)]
                let vectors = try await client.embed(images, pooling: .tokens, keep: .share(0.5, seed: 3))
                let digest = FakeBackend.digest(of: Array("image".utf8))
                #expect(try vectors.results[0].get().shape == [24, 8])
                #expect(try Array(vectors.results[2].get().values.prefix(8)) == digest)
                #expect(throws: RemoteError.self) { try vectors.results[1].get() }
                #expect(vectors.stamp.tokens == 24 && vectors.timing.inference != nil)

                let labels = try await client.classify([.file(file)], topK: 1).results[0].get()
                #expect(labels.map(\.label) == ["even"] && labels[0].index == 0 && labels[0].probability == 0.75)
                let picture = try await client.reconstruct([.file(file)], hiding: .grid).results[0].get()
                #expect(picture.png.starts(with: [0x89, 0x50]) && picture.patchErrors.count == 49)
                let cosine = try #require(try await client.compare(.file(file), .serverPath(file), pooling: .mean))
                #expect(abs(cosine - 1) < 1e-6)
            }
        }
    }

    @Test func theServersErrorsAreTyped() async throws {
        try await LiveServer.running(FakeBackend()) { server in
            try await ServiceClient.withConnection(to: ServerAddress(server.unix)) { client in
                let reply = try await client.call("nope \"\n")
                #expect { try reply.body.get() } throws: {
                    ($0 as? RemoteError)?.type == .unknownMethod
                }
                let options = ImageRequestOptions(model: "nobody")
                await #expect { try await client.embed([.bytes([1])], request: options) } throws: {
                    ($0 as? RemoteError)?.type == .modelNotFound
                }
            }
        }
    }

    @Test func refusedCallsAreRepeatedUntilThereIsRoom() async throws {
        let gate = Gate()
        let configuration = ServiceConfiguration.with {
            $0.limits.imagesPerRequest = 1
            $0.limits.queuedImages = 1
        }
        try await LiveServer.running(FakeBackend(gate: gate), configuration) { server in
            defer { gate.open() }
            try await ServiceClient.withConnection(to: ServerAddress(server.unix)) { client in
                let first = Task { try await client.embed([.bytes([1])]) }
                try await eventually { gate.hasWaiter }
                let queued = Task { try await client.embed([.bytes([2])]) }
                while try await client.health().queuedImages == 0 { await Task.yield() }
                var options = ClientOptions()
                options.retry = .none
                let refused = try await ServiceClient.withConnection(to: ServerAddress(server.unix), options: options) {
                    try await $0.call("embed", params: #"{"images":[{"base64":"YQ=="}]}"#)
                }
                #expect { try refused.body.get() } throws: { error in
                    guard let error = error as? RemoteError else { return false }
                    return error.type == .overloaded && error.retryAfterMs != nil
                }
                let repeated = Task { try await client.embed([.bytes([3])]) }
                gate.open()
                for call in [first, queued, repeated] { #expect(try await call.value.results.count == 1) }
            }
        }
    }

    @Test func aCallThatTakesTooLongIsGivenUp() async throws {
        let gate = Gate()
        try await LiveServer.running(FakeBackend(gate: gate)) { server in
            defer { gate.open() }
            try await ServiceClient.withConnection(to: ServerAddress(server.unix)) { client in
                await #expect(throws: ServiceClientError.timedOut(method: "embed")) {
                    let params = #"{"images":[{"base64":"YQ=="}]}"#
                    return try await client.call("embed", params: params, timeout: .milliseconds(50))
                }
                let cancelled = Task { try await client.embed([.bytes([1])]) }
                try await eventually { gate.hasWaiter }
                cancelled.cancel()
                await #expect(throws: CancellationError.self) { try await cancelled.value }
                gate.open()
                #expect(try await client.embed([.bytes([2])]).results.count == 1)
            }
        }
    }

    @Test func aServerThatGoesAwayEndsEveryCall() async throws {
        let gate = Gate()
        let configuration = ServiceConfiguration.with { $0.timeouts.drain = .milliseconds(10) }
        try await LiveServer.running(FakeBackend(gate: gate), configuration) { server in
            defer { gate.open() }
            try await ServiceClient.withConnection(to: ServerAddress(server.unix)) { client in
                let call = Task { try await client.call("embed", params: #"{"images":[{"base64":"YQ=="}]}"#) }
                try await eventually { gate.hasWaiter }
                await server.shutDown()
                await #expect(throws: ServiceClientError.connectionClosed) { try await call.value }
            }
        }
    }

    @Test func nobodyThere() async throws {
        await #expect {
            try await ServiceClient.connect(to: .unix(path: "/tmp/unmask-nobody"))
        } throws: { error in
            guard case .cannotConnect? = error as? ServiceClientError else { return false }
            return true
        }
    }
}

extension ServerAddress {
    init(_ address: BoundAddress) {
        self =
            switch address {
            case .unix(let path): .unix(path: path)
            case .tcp(let host, let port): .tcp(host: host, port: port)
            }
    }
}
