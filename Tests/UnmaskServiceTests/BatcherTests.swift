import Testing
import UnmaskImage
import UnmaskModel

@testable import UnmaskService

@Suite struct BatcherTests {
    private static let model = RegisteredModel(name: "fake", backend: FakeBackend())
    private static let other = RegisteredModel(name: "other", backend: FakeBackend())

    private func key(
        _ model: RegisteredModel = Self.model, _ pass: ForwardPass = .encoder, tokens: Int = 50,
        maximumItems: Int = 100
    ) -> BatchKey {
        BatchKey(model: ObjectIdentifier(model), pass: pass, tokens: tokens, maximumItems: maximumItems)
    }

    @Test func onlyWhatCanShareAForwardPassDoes() {
        let bench = BatcherBench()
        let keys = [key(), key(Self.other), key(Self.model, .decoder), key(tokens: 13)]
        for round in 0..<3 {
            for (index, key) in keys.enumerated() { #expect(bench.admit(["\(index).\(round)"], key)) }
        }
        bench.prepareAll()
        #expect(bench.batches() == keys.indices.map { ["\($0).0", "\($0).1", "\($0).2"] })
        #expect(bench.count == 0 && bench.queuedTokens == 0)
    }

    @Test func imagesOfOneTokenCountShareAPassWhateverTheyAreAsked() throws {
        let options = VectorOptions(pooling: .cls, normalize: false, dimensions: 8)
        var mean = options
        mean.pooling = .mean
        let operations: [InferenceOperation] = [
            .embed(options), .embed(mean), .classify(ClassificationOptions(topK: 1)), .reconstruct,
        ]
        func key(_ operation: InferenceOperation, _ mask: Mask) -> BatchKey {
            let job = ImageJob(
                model: Self.model, source: .path(""),
                preparation: .recipe(RecipeChoice(name: "mae", stamp: "mae 28x28")), mask: mask, operation: operation)
            return BatchKey(job, images: 8, tokens: 10_000)
        }
        let whole = operations.map { key($0, .none(patches: 49)) }
        #expect(Set(whole.prefix(3)).count == 1)
        #expect(whole[3] != whole[0])
        // 49 patches and CLS; a quarter of them makes four times as large a batch, but not where the decoder sees all.
        #expect(whole[0].maximumItems == 8)
        let mask = try Mask.random(patches: 49, keeping: 0.25, seed: 0)
        let masked = operations.map { key($0, mask) }
        #expect(masked[0].maximumItems == 8 * 50 / 13 && masked[3].maximumItems == 8)
    }

    @Test func aBatchKeepsWithinItsLimit() {
        let bench = BatcherBench()
        let jobs = (0..<10).map(\.description)
        #expect(bench.admit(jobs, key(maximumItems: 4)))
        bench.prepareAll()
        let batches = bench.batches(preparing: true)
        #expect(batches.map(\.count) == [4, 4, 2])
        #expect(batches.flatMap(\.self) == jobs)
    }

    @Test func connectionsTakeTurns() {
        let bench = BatcherBench()
        #expect(bench.admit(["a0", "a1", "a2", "a3"], key(), connection: 1))
        #expect(bench.admit(["b0", "b1"], key(), connection: 2))
        #expect(bench.admit(["a4"], key(), connection: 1))
        #expect(bench.admit(["c0"], key(), connection: 3))
        bench.prepareAll()
        #expect(bench.batches() == [["a0", "b0", "c0", "a1", "b1", "a2", "a3", "a4"]])
    }

    @Test func aHigherPriorityGoesFirstAndDoesNotWaitForRoom() {
        let bench = BatcherBench(preparedBatches: 1)
        #expect(bench.admit(["0", "1", "2", "3"], key(maximumItems: 2), priority: .low))
        bench.prepareAll()
        #expect(bench.admit(["n"], key(maximumItems: 2), priority: .normal))
        #expect(bench.admit(["h"], key(maximumItems: 2), priority: .high))
        bench.prepareAll()
        #expect(bench.batches(preparing: true) == [["h", "n"], ["0", "1"], ["2", "3"]])
    }

    @Test func theEarlierTurnLeadsWhateverWasPreparedFirst() {
        let bench = BatcherBench()
        #expect(bench.admit(["0", "1", "2", "3"], key()))
        let entries = bench.startAll()
        for index in [2, 0, 3] { #expect(bench.end(entries[index])) }
        #expect(bench.batches() == [["0", "2", "3"]])
        #expect(bench.end(entries[1], failing: true))
        #expect(bench.count == 0 && bench.queuedTokens == 0)
    }

    @Test func aRequestIsAdmittedWholeOrNotAtAll() {
        let bench = BatcherBench(queued: 5)
        #expect(bench.admit(["a", "b", "c"], key()))
        #expect(!bench.admit(["d", "e", "f"], key()))
        #expect(bench.count == 3)
        #expect(bench.admit(["g", "h"], key()))
        bench.prepareAll()
        #expect(bench.count == 5)
        #expect(!bench.admit(["i"], key()))
        #expect(bench.admit(["check"], key(), priority: .high, isReserved: true))
        bench.prepareAll()
        #expect(bench.batches() == [["check", "a", "b", "c", "g", "h"]])
        #expect(bench.admit(["j"], key()))
    }

    @Test func preparationRunsAheadOnlySoFar() {
        let bench = BatcherBench(preparing: 2, preparedBatches: 2)
        #expect(bench.admit((0..<10).map(\.description), key(maximumItems: 2)))
        let first = bench.startAll()
        #expect(first.map(\.job) == ["0", "1"])
        bench.prepareAll(ending: first)
        #expect(bench.startAll().isEmpty)
        #expect(bench.batch() == ["0", "1"])
        #expect(bench.startAll().map(\.job) == ["4", "5"])
    }

    @Test func whatIsLateIsDroppedBeforeItIsPreparedAndBeforeItRuns() {
        let bench = BatcherBench()
        let soon = bench.now + .seconds(1)
        #expect(bench.admit(["soon"], key(), deadline: soon))
        #expect(bench.admit(["later"], key(), deadline: soon + .seconds(9)))
        #expect(bench.admit(["whenever"], key()))
        bench.prepareAll()
        #expect(bench.admit(["unprepared"], key(), deadline: soon))
        bench.now = soon
        bench.prepareAll()
        #expect(bench.expired == ["unprepared"])
        #expect(bench.batches() == [["later", "whenever"]])
        #expect(bench.expired == ["unprepared", "soon"])
        #expect(bench.count == 0 && bench.queuedTokens == 0)
    }

    @Test func cancellingRemovesARequestInEveryStateAndNothingElse() {
        let bench = BatcherBench(preparing: 1)
        #expect(bench.admit(["a", "b", "c"], key(), request: 1))
        #expect(bench.admit(["d"], key(), request: 2))
        for entry in bench.startAll() { #expect(bench.end(entry)) }
        let preparing = bench.startAll()
        #expect(Set(bench.cancel(request: 1)) == ["a", "b", "c"])
        #expect(bench.count == 1 && bench.queuedTokens == 50)
        // The thread that prepares "b" is still at it, so "d" has to wait for it.
        #expect(bench.startAll().isEmpty)
        for entry in preparing { #expect(!bench.end(entry)) }
        bench.prepareAll()
        #expect(bench.batches() == [["d"]])
    }

    /// Random histories: nothing is lost, doubled or run after it was cancelled, and the counts come back to zero.
    @Test(arguments: 0..<50) func everyImageLeavesOnce(seed: UInt64) {
        var generator = SplitMix(state: seed)
        let bench = BatcherBench(queued: 60, preparing: 3, preparedBatches: 2)
        let keys = [key(maximumItems: 3), key(tokens: 13, maximumItems: 7), key(Self.model, .decoder, maximumItems: 2)]
        var (admitted, left): (Set<String>, [String]) = ([], [])
        var preparing: [BatcherBench.NameBatcher.Entry] = []
        for step in 0..<400 {
            switch Int.random(in: 0..<6, using: &generator) {
            case 0, 1:
                let names = (0..<Int.random(in: 1...6, using: &generator)).map { "\(step).\($0)" }
                let isAdmitted = bench.admit(
                    names, keys.randomElement(using: &generator) ?? keys[0], request: UInt64(step % 20),
                    connection: UInt64.random(in: 1...4, using: &generator),
                    priority: Priority.allCases.randomElement(using: &generator) ?? .normal,
                    deadline: Bool.random(using: &generator) ? bench.now + .seconds(Int(step % 7)) : nil)
                if isAdmitted { admitted.formUnion(names) }
            case 2: preparing += bench.startAll()
            case 3 where !preparing.isEmpty:
                let entry = preparing.remove(at: Int.random(in: 0..<preparing.count, using: &generator))
                let fails = Int.random(in: 0..<5, using: &generator) == 0
                if bench.end(entry, failing: fails), fails { left.append(entry.job) }
            case 4: left += bench.batch() ?? []
            default:
                left += bench.cancel(request: UInt64.random(in: 0..<20, using: &generator))
                bench.now += .milliseconds(300)
            }
        }
        for entry in preparing { _ = bench.end(entry) }
        bench.prepareAll()
        left += bench.batches(preparing: true).flatMap(\.self) + bench.expired
        #expect(left.count == Set(left).count)
        #expect(Set(left) == admitted)
        #expect(bench.count == 0 && bench.queuedTokens == 0)
    }
}
