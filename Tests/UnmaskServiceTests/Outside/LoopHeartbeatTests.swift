import NIOPosix
import Testing

@testable import UnmaskService

@Suite struct LoopHeartbeatTests {
    @Test func aLoopThatDoesNotTurnIsNoticedAndForgiven() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 3)
        let clock = ManualClock()
        let heartbeat = LoopHeartbeat(group, clock)
        let gate = Gate()
        defer { gate.open() }
        #expect(heartbeat.silentLoops(for: .seconds(1.5)) == 0)
        group.next().execute { gate.wait() }
        try await eventually { gate.hasWaiter }
        clock.advance(by: .seconds(2))
        #expect(heartbeat.silentLoops(for: .seconds(1.5)) >= 1)
        // The others go on turning.
        try await eventually { heartbeat.silentLoops(for: .seconds(1.5)) == 1 }
        gate.open()
        try await eventually { heartbeat.silentLoops(for: .seconds(1.5)) == 0 }
        heartbeat.stop()
        try await group.shutdownGracefully()
    }
}
