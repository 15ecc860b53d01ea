import Dispatch
import Synchronization
import Testing
import UnmaskGraph

@testable import UnmaskRuntime

/// A session that is made ready in the background leaves the engine to the others.
@Suite struct SlicesTests {
    /// A pass that is held back where a gate stands, while another session's pass goes through.
    @Test func anotherSessionsPassRunsBetweenAnyTwoSlices() throws {
        let engine = try Engine(threads: 2)
        let graph = try HungryGraph.make()
        let other = try Session(graph, engine: engine)
        let input = InputArray.f32(HungryGraph.numbers(3 * 3 * 4 * 4, 5))
        @Sendable func run(_ session: Session, _ slices: Slices? = nil) throws -> [Float]? {
            try session.run(["x": input], bindings: ["B": 3], outputs: ["row"], slices: slices)["row"]?.values
        }
        let expected = try #require(try run(other))

        var (stop, count) = (0, 1)
        while stop < count {
            let (reached, gate) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
            let (answered, finished) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
            let passed = Mutex(0)
            let (session, stopped) = (try Session(graph, engine: engine), stop)
            let slices = Slices(work: 1) {
                let place = passed.withLock { place in
                    place += 1
                    return place - 1
                }
                if place == stopped {
                    reached.signal()
                    gate.wait()
                }
            }
            let found = Mutex<[Float]?>(nil)
            DispatchQueue.global().async {
                _ = try? session.prepare(bindings: ["B": 3], outputs: ["row"], slices: slices)
                let values = try? run(session, slices)
                found.withLock { $0 = values }
                finished.signal()
            }
            reached.wait()
            let answer = Mutex<[Float]?>(nil)
            DispatchQueue.global().async {
                let values = try? run(other)
                answer.withLock { $0 = values }
                answered.signal()
            }
            // Only a pass that waits for the one that is held back takes so long.
            let outcome = answered.wait(timeout: .now() + 60)
            gate.signal()
            finished.wait()
            try #require(outcome == .success, "held at slice \(stop)")
            #expect(answer.withLock { $0 } == expected)
            #expect(found.withLock { $0 } == expected)
            count = passed.withLock { $0 }
            stop += max(count / 12, 1)
        }
        let plan = try other.prepare(bindings: ["B": 3], outputs: ["row"])
        #expect(count > plan.steps.count)  // weights were packed, and each step was a slice
    }

    /// Neither waits for the other: a session is prepared while a pass runs, and a pass runs while weights are packed.
    @Test func packingAndPassesDoNotWaitForEachOther() throws {
        let engine = try Engine(threads: 2)
        let graph = try HungryGraph.make()
        let (fresh, known) = (try Session(graph, engine: engine), try Session(graph, engine: engine))
        try known.prepare(bindings: ["B": 3], outputs: ["row"])
        let input = InputArray.f32(HungryGraph.numbers(3 * 3 * 4 * 4, 5))
        let works: [(holding: @Sendable (() -> Void) -> Void, beside: @Sendable () throws -> Void)] = [
            ({ wait in engine.pass { wait() } }, { try fresh.prepare(bindings: ["B": 3], outputs: ["row"]) }),
            (
                { wait in engine.pack { _ in wait() } },
                { _ = try known.run(["x": input], bindings: ["B": 3], outputs: ["row"]) }
            ),
        ]
        for (place, work) in works.enumerated() {
            let (reached, gate) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
            let (done, left) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
            DispatchQueue.global().async {
                work.holding {
                    reached.signal()
                    gate.wait()
                }
                left.signal()
            }
            reached.wait()
            let failure = Mutex<(any Error)?>(nil)
            DispatchQueue.global().async {
                do { try work.beside() } catch { failure.withLock { $0 = error } }
                done.signal()
            }
            // Only what waits for the one that is held takes so long.
            let outcome = done.wait(timeout: .now() + 60)
            gate.signal()
            left.wait()
            #expect(outcome == .success, "work \(place)")
            #expect(failure.withLock { $0.map { "\($0)" } } == nil)
        }
    }

    @Test func aStepIsNeverCut() throws {
        let session = try Session(HungryGraph.make(), engine: Engine(threads: 1))
        let plan = try session.prepare(bindings: ["B": 1], outputs: ["row"])
        #expect(plan.work >= plan.flops && plan.largestStepWork <= plan.work && plan.largestStepWork > 0)
        let slices = Mutex(0)
        let input = InputArray.f32(HungryGraph.numbers(3 * 4 * 4, 5))
        for (work, count) in [(Int.max, 0), (1, plan.steps.count - 1)] {
            slices.withLock { $0 = 0 }
            _ = try session.run(
                ["x": input], bindings: ["B": 1], outputs: ["row"],
                slices: Slices(work: work) { slices.withLock { $0 += 1 } })
            #expect(slices.withLock { $0 } == count)
        }
    }
}
