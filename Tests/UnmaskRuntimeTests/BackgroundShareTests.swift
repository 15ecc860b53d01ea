import Dispatch
import Synchronization
import Testing

@testable import UnmaskRuntime

/// What a model that is being loaded takes of an engine that serves.
@Suite struct BackgroundShareTests {
    /// Moments of a made-up day.
    private struct Day {
        let start = ContinuousClock().now
        func at(_ milliseconds: Int) -> ContinuousClock.Instant { start + .milliseconds(milliseconds) }
    }
    private let day = Day()

    @Test func anEngineThatServesNobodyIsFree() {
        var share = BackgroundShare()
        for moment in 0..<100 {
            let mayBegin = share.mayBegin(now: day.at(moment))
            #expect(mayBegin)
            share.sliced(.milliseconds(1))
        }
    }

    /// Those who serve always have the next batch within a millisecond: the background has one part in sixteen.
    @Test(arguments: [1, 3, 10], [1, 4, 50])
    func aBusyEngineGivesASixteenth(slice: Int, pass: Int) {
        var share = BackgroundShare()
        var (now, inBackground) = (0, 0)
        share.served(from: day.at(0), to: day.at(0))
        while now < 100_000 {
            if share.mayBegin(now: day.at(now)) {
                share.sliced(.milliseconds(slice))
                (now, inBackground) = (now + slice, inBackground + slice)
            }
            share.served(from: day.at(now), to: day.at(now + pass))
            now += pass
        }
        let part = Double(inBackground) / Double(now)
        #expect(part <= 1 / 16 + 0.001)
        // A pass that is longer than what is owed is not shortened.
        #expect(part >= Double(slice) / Double(slice + max(15 * slice, pass) + pass) - 0.001)
    }

    @Test func whoHasNotServedForAWhileIsOwedNothing() {
        var share = BackgroundShare()
        share.served(from: day.at(0), to: day.at(5))
        share.sliced(.milliseconds(10))
        #expect(share.owed == .milliseconds(150))
        let answers = [6, 7].map { share.mayBegin(now: day.at($0)) }
        #expect(answers == [false, true])
        #expect(share.owed == .zero)
    }

    /// Slices and passes in turns from several threads: none is lost, and never two at once.
    @Test func everyoneHasATurn() {
        let turn = Turn()
        let holders = Atomic(0)
        let most = Atomic(0)
        let turns = Atomic(0)
        DispatchQueue.concurrentPerform(iterations: 4) { index in
            for _ in 0..<50 {
                turn.withTurn(index % 2 == 0 ? .serving : .background) {
                    let now = holders.add(1, ordering: .sequentiallyConsistent).newValue
                    most.max(now, ordering: .sequentiallyConsistent)
                    turns.add(1, ordering: .sequentiallyConsistent)
                    holders.subtract(1, ordering: .sequentiallyConsistent)
                }
            }
        }
        #expect(turns.load(ordering: .sequentiallyConsistent) == 200)
        #expect(most.load(ordering: .sequentiallyConsistent) == 1)
    }
}
