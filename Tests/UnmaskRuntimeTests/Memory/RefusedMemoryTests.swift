import Testing
import UnmaskGraph
import UnmaskRuntime

/// Whatever cannot be had is an error, and the session serves what it served before, to the bit.
@Suite struct RefusedMemoryTests {
    /// What a session is asked for.
    private struct Question: Sendable {
        var batch: Int
        var outputs: [String]
        /// Only prepared.
        var isPrepared = false
    }

    /// A session's life: it is prepared for large batches, and asked for small and large ones, and for outputs that take
    /// more room than it has.
    private static let life: [Question] = [
        Question(batch: 4, outputs: ["row"], isPrepared: true), Question(batch: 4, outputs: ["row"]),
        Question(batch: 1, outputs: ["row"]), Question(batch: 4, outputs: ["row"]),
        Question(batch: 4, outputs: HungryGraph.outputs), Question(batch: 2, outputs: ["best", "map"]),
        Question(batch: 7, outputs: ["map"]), Question(batch: 1, outputs: ["wide"]),
    ]

    private static func answer(_ session: Session, _ question: Question) throws -> [String: [UInt32]] {
        let bindings = ["B": question.batch]
        if question.isPrepared {
            try session.prepare(bindings: bindings, outputs: question.outputs)
            return [:]
        }
        let x = HungryGraph.numbers(question.batch * 3 * 4 * 4, 99)
        return try session.run(["x": .f32(x)], bindings: bindings, outputs: question.outputs)
            .mapValues { $0.values.map(\.bitPattern) }
    }

    private static func isRefusal(_ error: RuntimeError) -> Bool {
        switch error {
        case .outOfMemory, .noThreads: true
        case .evaluation(_, _, let problem): problem.contains("could not get memory")
        default: false
        }
    }

    /// Runs `body`; where its memory is refused, once more. Tells whether it was.
    private static func surviving<R>(_ body: () throws -> R) throws -> (R, wasRefused: Bool) {
        do {
            return (try body(), false)
        } catch let error as RuntimeError where isRefusal(error) {
            return (try body(), true)
        }
    }

    /// Refuses the first request for memory, then the second, until a life has fewer.
    @Test(arguments: [1, 3]) func anyRequestMayBeRefused(threads: Int) throws {
        let graph = try HungryGraph.make()
        let undisturbed = try Session(graph, engine: Engine(threads: threads))
        let expected = try Self.life.map { try Self.answer(undisturbed, $0) }
        #expect(expected.flatMap(\.values).allSatisfy { Set($0).count > 4 })

        var (request, left) = (0, 0)
        var refusals: [Int] = []
        repeat {
            request += 1
            RefusedMemory.atRequest(request)
            defer { RefusedMemory.atRequest(0) }
            var wasRefused: Bool
            let session: Session
            (session, wasRefused) = try Self.surviving { try Session(graph, engine: Engine(threads: threads)) }
            var refused = wasRefused ? 1 : 0
            for (place, question) in Self.life.enumerated() {
                let answer: [String: [UInt32]]
                (answer, wasRefused) = try Self.surviving { try Self.answer(session, question) }
                #expect(answer == expected[place], "request \(request), question \(place)")
                guard wasRefused else { continue }
                refused += 1
                // What was known before is known still, the smallest first.
                for earlier in (0..<min(place, 3)).sorted(by: { Self.life[$0].batch < Self.life[$1].batch }) {
                    #expect(try Self.answer(session, Self.life[earlier]) == expected[earlier])
                }
            }
            refusals.append(refused)
            left = RefusedMemory.atRequest(0)
        } while left == 0
        #expect(refusals.dropLast().allSatisfy { $0 == 1 } && refusals.last == 0)
        #expect(refusals.count > 40)
    }

    /// The arena cannot grow, twice in a row; plans that are known stay within the one there is.
    @Test func anArenaThatCannotGrowStays() throws {
        let session = try Session(HungryGraph.make(), engine: Engine(threads: 1))
        let (large, small) = (Self.life[1], Self.life[2])
        let expected = try (Self.answer(session, large), Self.answer(session, small))
        let larger = Question(batch: 40, outputs: HungryGraph.outputs)
        try session.prepare(bindings: ["B": 1], outputs: larger.outputs)
        func requests(_ question: Question, _ expected: [String: [UInt32]]) throws -> Int {
            RefusedMemory.atRequest(1000)
            #expect(try Self.answer(session, question) == expected)
            return 1000 - RefusedMemory.atRequest(0)
        }
        let before = try requests(large, expected.0)
        for attempt in 0..<2 {
            RefusedMemory.atRequest(attempt == 0 ? 2 : 1)  // the plan's own numbers come first
            #expect(throws: RuntimeError.self) { try Self.answer(session, larger) }
            #expect(RefusedMemory.atRequest(0) == 0)
            #expect(try requests(small, expected.1) == before)
            #expect(try requests(large, expected.0) == before)
        }
    }

    @Test func whatIsMissingIsNamed() throws {
        RefusedMemory.atRequest(1)
        #expect(throws: RuntimeError.outOfMemory(bytes: 3 << 40, purpose: "the weights")) {
            try Memory.check(bytes: 3 << 40, purpose: "the weights")
        }
        #expect(throws: RuntimeError.outOfMemory(bytes: .max, purpose: "more than there is")) {
            try Memory.check(bytes: .max, purpose: "more than there is")
        }
        let error = RuntimeError.outOfMemory(bytes: 3 << 40, purpose: "the weights")
        #expect(error.description.contains("3145728 MiB for the weights"))
    }
}
