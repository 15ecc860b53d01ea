import Foundation
import Testing

@testable import UnmaskService

@Suite struct ServiceClientTests {
    @Test func overlappingCallsGetTheirOwnReplies() async throws {
        try await LiveServer.running(FakeBackend(), .with { $0.limits.queuedImages = 10_000 }) { server in
            try await ServiceClient.connected(to: server.tcp) { client in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for index in 0..<200 {
                        let image = Array("image \(index)".utf8)
                        let params = #"{"images":[{"frame":0}],"encoding":"frame"}"#
                        group.addTask {
                            let reply = try await client.call("embed", params: params, frames: [image])
                            let digest = FakeBackend.digest(of: image)
                            #expect(reply.frames == [digest.flatMap { withUnsafeBytes(of: $0, Array.init) }])
                        }
                    }
                    try await group.waitForAll()
                }
            }
        }
    }

    @Test func theServersErrorsAreReplies() async throws {
        let reply = try await LiveServer.running(FakeBackend()) { server in
            try await ServiceClient.connected(to: server.unix) { try await $0.call("nope") }
        }
        #expect(reply.line.contains(#""type":"unknown_method""#))
    }

    @Test func aServerThatGoesAwayEndsEveryCall() async throws {
        let gate = Gate()
        let configuration = ServiceConfiguration.with { $0.timeouts.drain = .milliseconds(10) }
        try await LiveServer.running(FakeBackend(gate: gate), configuration) { server in
            defer { gate.open() }
            try await ServiceClient.connected(to: server.unix) { client in
                let call = Task { try await client.call("embed", params: #"{"images":[{"base64":"YQ=="}]}"#) }
                try await eventually { gate.hasWaiter }
                await server.shutDown()
                await #expect(throws: ServiceClientError.connectionClosed) { try await call.value }
            }
        }
    }
}
