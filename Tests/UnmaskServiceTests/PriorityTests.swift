import Testing
import UnmaskModel

@testable import UnmaskService

/// A higher priority goes first, and no lower one starves, whatever is asked of the others.
@Suite struct PriorityTests {
    private static let models = (0..<3).map { RegisteredModel(name: "\($0)", backend: FakeBackend()) }

    private static func key(_ index: Int, tokens: Int, images: Int) -> BatchKey {
        BatchKey(model: ObjectIdentifier(models[index]), pass: .encoder, tokens: tokens, maximumItems: images)
    }

    /// Levels that come and go with turns of any size: what a level waits for is counted from when it has work.
    @Test(arguments: 0..<40) func noLevelWaitsForMoreThanItsBound(seed: UInt64) {
        var generator = SplitMix(state: seed)
        var turns = LevelTurns()
        let largest = Int.random(in: 1...1000, using: &generator)
        var work = Priority.allCases.map { _ in 0 }
        var waited = work
        var longest = work
        for _ in 0..<5000 {
            for level in work.indices where Int.random(in: 0..<8, using: &generator) < 2 + level {
                work[level] += Int.random(in: 0...largest, using: &generator) * (level == 0 ? 3 : 1)
            }
            guard let next = turns.next({ work[$0.level] > 0 }) else { continue }
            let tokens = Int.random(in: 1...largest, using: &generator)
            turns.take(tokens: tokens, as: next)
            work[next.level] = max(0, work[next.level] - tokens)
            for priority in Priority.allCases {
                let isWaiting = priority != next && work[priority.level] > 0
                waited[priority.level] = isWaiting ? waited[priority.level] + tokens : 0
                longest[priority.level] = max(longest[priority.level], waited[priority.level])
            }
        }
        for priority in Priority.allCases {
            #expect(longest[priority.level] <= LevelTurns.longestWait(of: priority, turn: largest), "\(priority)")
        }
        #expect(longest[Priority.low.level] > largest, "nothing waited")
    }

    /// Any mix of models, sizes and connections, each priority always with more work than fits: in what is prepared and
    /// in what runs, each has its share of the tokens and waits no longer than its bound.
    @Test(arguments: 0..<30) func eachPriorityHasItsShareOfTheEngine(seed: UInt64) throws {
        var generator = SplitMix(state: seed)
        let bench = BatcherBench(queued: 100_000, preparing: 2, preparedBatches: 2)
        let keys = (0..<3).map {
            Self.key(
                $0, tokens: Int.random(in: 1...200, using: &generator),
                images: Int.random(in: 1...16, using: &generator))
        }
        let largest = keys.map { $0.tokens * $0.maximumItems }.max() ?? 0
        // A flood of one priority in one kind of image, the others' in any.
        let floods = Priority.allCases.map { _ in keys.randomElement(using: &generator) ?? keys[0] }
        for round in 0..<1500 {
            for priority in Priority.allCases {
                let key =
                    Bool.random(using: &generator)
                    ? floods[priority.level] : keys.randomElement(using: &generator) ?? keys[0]
                let names = (0..<8).map { "\(priority) \(key.tokens) \(round) \($0)" }
                let connection = UInt64.random(in: 1...5, using: &generator)
                #expect(bench.admit(names, key, connection: connection, priority: priority))
            }
        }
        var (ran, led, waited) = ([0, 0, 0], [0, 0, 0], [0, 0, 0])
        bench.prepareAll()
        // While every priority has work: each leads no more than all of it.
        for _ in 0..<400 {
            let batch = try #require(bench.batch())
            bench.prepareAll()
            let items = try batch.map { try Self.item($0) }
            let tokens = items.reduce(0) { $0 + $1.tokens }
            let leader = items[0].priority
            led[leader.level] += tokens
            for priority in Priority.allCases {
                ran[priority.level] += items.filter { $0.priority == priority }.reduce(0) { $0 + $1.tokens }
                waited[priority.level] = priority == leader ? 0 : waited[priority.level] + tokens
                let bound = LevelTurns.longestWait(of: priority, turn: largest)
                #expect(waited[priority.level] <= bound, "\(priority)")
            }
        }
        let all = led.reduce(0, +)
        let shares = Priority.allCases.reduce(0) { $0 + $1.share }
        for priority in Priority.allCases {
            let least = all * priority.share / shares - 3 * largest
            #expect(led[priority.level] >= least, "\(priority) led \(led) of \(all)")
        }
        #expect(ran.reduce(0, +) == all)
        #expect(led[0] > led[1] && led[1] > led[2], "a higher one has more")
    }

    private static func item(_ name: String) throws -> (priority: Priority, tokens: Int) {
        let parts = name.split(separator: " ")
        return (try #require(Priority(rawValue: String(parts[0]))), try #require(Int(parts[1])))
    }

    @Test func whatComesToAQueueOfLowerOnesGoesFirst() {
        let bench = BatcherBench()
        let key = Self.key(0, tokens: 50, images: 2)
        for round in 0..<50 {
            #expect(bench.admit(["low \(round) a", "low \(round) b"], key, priority: .low))
            bench.prepareAll()
            #expect(bench.batch()?.first == "low \(round) a")
        }
        // What a level has had before is not held against it, nor for the others.
        #expect(bench.admit((0..<20).map { "low \($0)" }, key, priority: .low))
        #expect(bench.admit((0..<20).map { "normal \($0)" }, key, priority: .normal))
        bench.prepareAll()
        #expect(bench.batch() == ["normal 0", "normal 1"])
        #expect(bench.admit(["high"], key, priority: .high))
        bench.prepareAll()
        #expect(bench.batch()?.first == "high")
    }

    @Test func highIsForThoseWhoMayAdminister() async throws {
        let request = #"{"id":1,"method":"embed","params":{"images":[{"base64":"YQ=="}],"priority":"%"}}"#
        try await LiveServer.running(FakeBackend()) { server in
            for (address, isAllowed) in [(server.unix, true), (server.tcp, false)] {
                try await LineClient.connected(to: address) { client in
                    for priority in Priority.allCases {
                        let answer = try await client.ask(request.replacing("%", with: priority.rawValue))
                        if priority == .high, !isAllowed {
                            #expect(answer.error?.type == "unauthorized")
                            #expect(answer.text.contains("normal, low"))
                        } else {
                            #expect(answer.result?.failed == 0)
                        }
                    }
                    let hello = try await client.ask(#"{"id":2,"method":"hello"}"#)
                    #expect(hello.text.contains(#""high":16"#) == isAllowed)
                    #expect(hello.text.contains(#""normal":4,"low":1}"#))
                }
            }
        }
    }
}
