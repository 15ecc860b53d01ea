import Testing

@testable import UnmaskService

@Suite struct RepeatLimiterTests {
    private typealias Key = RepeatLimiter.Key
    private let start = ContinuousClock.now

    private func admitted(_ limiter: inout RepeatLimiter, _ key: Key, _ count: Int, at time: ContinuousClock.Instant)
        -> Int
    {
        (0..<count).count { _ in limiter.admit(key, at: time) != .suppressed }
    }

    @Test func aKindAndPeerHaveABurstAndThenOneEachInterval() {
        var limiter = RepeatLimiter()
        let (a, b) = (Key(kind: "x", peer: "a"), Key(kind: "x", peer: "b"))
        #expect(admitted(&limiter, a, 1000, at: start) == RepeatLimiter.burst)
        #expect(admitted(&limiter, b, 1000, at: start) == RepeatLimiter.burst, "another peer's lines are its own")
        #expect(admitted(&limiter, Key(kind: "y", peer: "a"), 1, at: start) == 1, "and so is another kind's")
        let next = start + RepeatLimiter.interval
        #expect(limiter.admit(a, at: next) == .admitted(suppressed: 1000 - RepeatLimiter.burst))
        #expect(limiter.admit(a, at: next) == .suppressed)
        #expect(admitted(&limiter, a, 1000, at: next + .seconds(3600)) == RepeatLimiter.burst, "no more than a burst")
    }

    @Test func whatWasSuppressedIsToldOnceWhenItIsQuiet() {
        var limiter = RepeatLimiter()
        let key = Key(kind: "x", peer: "a")
        #expect(!limiter.hasUntold)
        _ = admitted(&limiter, key, RepeatLimiter.burst + 7, at: start)
        #expect(limiter.hasUntold)
        #expect(limiter.takeUntold(at: start + RepeatLimiter.quiet - .milliseconds(1)).isEmpty && limiter.hasUntold)
        let untold = limiter.takeUntold(at: start + RepeatLimiter.quiet)
        #expect(untold.map(\.key) == [key] && untold.map(\.suppressed) == [7])
        #expect(!limiter.hasUntold && limiter.takeUntold(at: start + .seconds(3600)).isEmpty)
    }

    @Test func theTableIsBoundedAndPeersWithoutAPlaceShareABucket() {
        var limiter = RepeatLimiter()
        var lines = 0
        for peer in 0..<100_000 { lines += admitted(&limiter, Key(kind: "x", peer: "\(peer)"), 1, at: start) }
        #expect(lines == RepeatLimiter.maximumPeers + RepeatLimiter.burst)
        #expect(limiter.count == RepeatLimiter.maximumPeers + 1)
        // Those who have been quiet for long make room.
        let later = start + .seconds(3600)
        #expect(limiter.admit(Key(kind: "x", peer: "new"), at: later) == .admitted(suppressed: 0))
        #expect(limiter.count <= 3)
    }
}
