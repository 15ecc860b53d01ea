import NIOPosix
import Testing

@testable import UnmaskService

@Suite struct LoopHeartbeatTests {
    @Test func aLoopThatDoesNotTurnIsNoticedAndForgiven() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 3)
        let heartbeat = LoopHeartbeat(group, SystemClock())
        let gate = Gate()
        defer { gate.open() }
        #expect(heartbeat.silentLoops(for: .seconds(1.5)) == 0)
        group.next().execute { gate.wait() }
        try await eventually { heartbeat.silentLoops(for: .seconds(1.5)) == 1 }
        gate.open()
        try await eventually { heartbeat.silentLoops(for: .seconds(1.5)) == 0 }
        heartbeat.stop()
        try await group.shutdownGracefully()
    }
}
