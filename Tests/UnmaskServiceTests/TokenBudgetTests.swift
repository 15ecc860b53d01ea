import Testing
import UnmaskModel

@testable import UnmaskService

/// How far tokens are lowered under load: the policy, without a clock, and what requests make of it.
@Suite struct TokenBudgetTests {
    private func step(
        _ images: Int, of capacity: Int = 800, wait: Duration? = nil, longest: Duration? = nil
    ) -> Int {
        TokenPressure(images: images, capacity: capacity, wait: wait, longestWait: longest).step
    }

    @Test func theQueueDecides() {
        #expect([0, 100, 199].map { step($0) } == [0, 0, 0])
        #expect([200, 299, 300, 399, 400, 499, 500, 800, 5000].map { step($0) } == [1, 1, 2, 2, 3, 3, 4, 4, 4])
        #expect(step(0, of: 0) == 4)
        #expect(step(.max, of: 1) == 4)
    }

    @Test func theWaitDecidesWhereItIsLonger() {
        let second = Duration.seconds(1)
        #expect(
            [0, 249, 250, 375, 500, 625, 9999].map { step(0, wait: .milliseconds($0), longest: second) } == [
                0, 0, 1, 2, 3, 4, 4,
            ])
        #expect(step(300, wait: .milliseconds(100), longest: second) == 2)
        // Any time is allowed: ten seconds count as long.
        #expect(step(0, wait: .milliseconds(2400)) == 0 && step(0, wait: .milliseconds(2500)) == 1)
        #expect(step(0, wait: .zero, longest: .zero) == 4)
        #expect(step(0, wait: nil, longest: .zero) == 0)
    }

    @Test func stepsGoToTheLeastThatIsAllowed() throws {
        let asked = TokenUse(mask: .none(patches: 100), merge: 2)
        let budget = try TokenBudget(asked: asked, keep: 1, keepMin: 0.5, seed: 7, mergeMax: 10)
        #expect((0...5).map { budget.use(atStep: $0).mask.kept } == [100, 87, 75, 62, 50, 50])
        #expect((0...5).map { budget.use(atStep: $0).merge } == [2, 4, 6, 8, 10, 10])
        // Each is of the larger ones before it, and what keep with the same seed gives.
        let masks = (1...4).map { Set(budget.use(atStep: $0).mask.idsKeep) }
        #expect(zip(masks, masks.dropFirst()).allSatisfy { $0.isSuperset(of: $1) })
        #expect(budget.use(atStep: 4).mask == (try .random(patches: 100, keeping: 0.5, seed: 7)))
        let merging = try TokenBudget(asked: asked, keep: 1, keepMin: nil, seed: 0, mergeMax: 3)
        #expect((0...4).map { merging.use(atStep: $0).merge } == [2, 2, 2, 2, 3])
        #expect((0...4).allSatisfy { merging.use(atStep: $0).mask == asked.mask })
    }

    @Test func withoutPermissionNothingIsLowered() throws {
        let asked = TokenUse(mask: try .random(patches: 49, keeping: 0.5, seed: 1), merge: 3)
        for budget in [
            TokenBudget(asked: asked), try TokenBudget(asked: asked, keep: 0.5, keepMin: nil, seed: 1, mergeMax: nil),
            try TokenBudget(asked: asked, keep: 0.5, keepMin: 0.5, seed: 1, mergeMax: 3),
        ] {
            #expect((0...9).allSatisfy { budget.use(atStep: $0) == asked })
        }
    }

    /// What a batch costs follows the tokens that are left in an average block.
    @Test func mergedImagesCostLess() throws {
        let description = FakeBackend().description
        #expect(description.tokensSaved(merge: 0, kept: 49) == 0)
        var deep = description
        deep.interface.depth = 3
        // 49, 39 and 29 tokens.
        #expect(deep.tokensSaved(merge: 10, kept: 49) == 49 - 39)
        #expect(deep.tokensSaved(merge: 24, kept: 1) == 0)
    }

    @Test func parametersReachTheEngineAndTheStamp() async throws {
        let backend = FakeBackend()
        for (parameters, merge, stamp) in [
            (#","merge":3"#, 3, #""tokens":49,"merge":3,"normalized""#),
            (#","merge":0"#, 0, #""tokens":49,"normalized""#),
            (#","merge":3,"merge_max":9,"keep_min":0.5,"seed":4"#, 3, #""tokens":49,"merge":3,"normalized""#),
            ("", 0, #""tokens":49,"normalized""#),
        ] {
            let answer = try await LiveServer.ask(
                #"{"id":1,"method":"embed","params":{"images":[{"base64":"YQ=="}]\#(parameters)}}"#, backend)
            let item = try #require(backend.batches.last?.items.first)
            #expect(item.merge == merge && item.mask == .none(patches: 49))
            #expect(answer.text.contains(stamp), "\(answer.text)")
        }
    }

    @Test(
        "what is out of bounds is refused by name",
        arguments: [
            #""merge":25"#, #""merge":-1"#, #""merge":1.5"#, #""merge":"auto""#, #""merge_max":25"#,
            #""merge":4,"merge_max":3"#, #""keep_min":0"#, #""keep_min":1.5"#, #""keep":0.5,"keep_min":0.6"#,
            #""keep":[1,2],"keep_min":0.5"#, #""keep_min":12"#, #""keep_min":true"#, #""merge":1e99"#,
        ])
    func hostileParameters(members: String) async throws {
        for method in ["embed", "classify"] {
            let answer = try await LiveServer.ask(
                #"{"id":1,"method":"\#(method)","params":{"images":[{"base64":"YQ=="}],\#(members)}}"#)
            #expect(answer.error?.type == "invalid_params", "\(answer.text)")
            let name = members.contains("keep_min") ? "keep_min" : members.contains("merge_max") ? "merge_max" : "merge"
            #expect(answer.error?.message.contains("params.\(name) must be") == true, "\(answer.text)")
        }
    }

    /// A queue that fills up: those who allow it are lowered step by step, the others never, and `stats` counts them.
    @Test func aLongQueueLowersThoseWhoAllowIt() async throws {
        let gate = Gate()
        let backend = FakeBackend(gate: gate)
        try await LiveServer.running(
            backend,
            .with {
                $0.limits.imagesPerRequest = 2
                $0.limits.queuedImages = 16
                $0.limits.requestsInFlight = 100
            }
        ) { server in
            defer { gate.open() }
            try await LineClient.connected(to: server.unix) { client in
                func send(_ id: Int, _ more: String) async throws {
                    try await client.send(
                        #"{"id":\#(id),"method":"embed","params":{"images":[{"base64":"YQ=="}]\#(more)}}"#)
                }
                try await send(0, "")
                try await eventually { gate.hasWaiter }
                // Request 0 is at the engine: these find 0, 1, 2 … images before them.
                for id in 1...14 {
                    try await send(id, id % 2 == 0 ? "" : #","keep_min":0.2,"merge_max":8"#)
                    try await client.waitForQueue(id)
                }
                gate.open()
                var stamps: [Int: String] = [:]
                while stamps.count < 15 {
                    let answer = try #require(await client.receive())
                    if let id = answer.id, id < 100, answer.result?.results != nil { stamps[id] = answer.text }
                }
                func has(_ id: Int, _ tokens: Int, _ merge: Int?) -> Bool {
                    stamps[id]?.contains(
                        #""tokens":\#(tokens),"# + (merge.map { #""merge":\#($0),"# } ?? #""normalized""#))
                        ?? false
                }
                for id in stride(from: 0, through: 14, by: 2) { #expect(has(id, 49, nil), "\(id)") }
                #expect(has(1, 49, nil) && has(3, 49, nil))
                #expect(has(5, 39, 2) && has(7, 29, 4) && has(9, 19, 6) && has(11, 9, 8) && has(13, 9, 8))
                try await client.send(#"{"id":200,"method":"stats"}"#)
                let stats = try #require(await client.receive())
                #expect(stats.text.contains(#""lowered":5"#), "\(stats.text)")
            }
        }
    }

    @Test func vectorsOfOtherMergesAreNotCompared() async throws {
        let line = #"{"id":1,"method":"embed","params":{"images":[{"base64":"YQ=="}],"merge":2}}"#
        let merged = try await LiveServer.ask(line)
        #expect(merged.text.contains(#""merge":2"#))
        let stamp =
            #"{"model":"f00d","recipe":"squash 28x28","precision":"f32","pooling":"mean","dimension":8,"tokens":49,"merge":2,"normalized":false}"#
        let vector = #"{"vector":[1,2,3,4,5,6,7,8],"stamp":\#(stamp)}"#
        func compare(_ more: String) async throws -> ServerAnswer {
            try await LiveServer.ask(
                #"{"id":1,"method":"compare","params":{"a":{"base64":"YQ=="},"b":\#(vector)\#(more)}}"#)
        }
        let refused = try await compare("")
        #expect(refused.error?.message.contains("merge is 0 and 2") == true, "\(refused.text)")
        let accepted = try await compare(#","merge":2"#)
        #expect(accepted.error == nil, "\(accepted.text)")
    }
}
