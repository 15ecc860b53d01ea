import Testing
import UnmaskImage
import UnmaskModel

@testable import UnmaskService

@Suite struct BatcherTests {
    private static let model = RegisteredModel(name: "fake", backend: FakeBackend())
    private static let other = RegisteredModel(name: "other", backend: FakeBackend())

    private static func embed(_ pooling: Pooling) -> InferenceOperation {
        .embed(VectorOptions(pooling: pooling, normalize: false, dimensions: 8))
    }

    private func key(
        _ model: RegisteredModel = Self.model, _ operation: InferenceOperation = Self.embed(.cls),
        recipe: Recipe.Name = .mae, tokens: Int = 50, maximumItems: Int = 100
    ) -> BatchKey {
        BatchKey(
            model: ObjectIdentifier(model), operation: operation, recipe: recipe, tokens: tokens,
            maximumItems: maximumItems)
    }

    @Test func onlyWhatCanShareAForwardPassDoes() {
        let bench = Bench()
        let keys = [
            key(), key(Self.other), key(Self.model, .reconstruct), key(recipe: .hf), key(tokens: 13),
            key(Self.model, Self.embed(.mean)),
        ]
        for round in 0..<3 {
            for (index, key) in keys.enumerated() { #expect(bench.admit(["\(index).\(round)"], key)) }
        }
        bench.prepareAll()
        #expect(bench.batches() == keys.indices.map { ["\($0).0", "\($0).1", "\($0).2"] })
        #expect(bench.count == 0)
    }

    @Test(arguments: [
        (images: 4, tokens: 1_000_000, ofModel: 100, expected: [4, 4, 2]),
        (images: 100, tokens: 150, ofModel: 100, expected: [3, 3, 3, 1]),
        (images: 100, tokens: 1_000_000, ofModel: 6, expected: [6, 4]),
        (images: 100, tokens: 10, ofModel: 100, expected: Array(repeating: 1, count: 10)),
    ])
    func aBatchKeepsWithinEveryLimit(images: Int, tokens: Int, ofModel: Int, expected: [Int]) {
        let bench = Bench(images: images, tokens: tokens)
        let jobs = (0..<10).map(\.description)
        #expect(bench.admit(jobs, key(maximumItems: ofModel)))
        bench.prepareAll()
        let batches = bench.batches()
        #expect(batches.map(\.count) == expected)
        #expect(batches.flatMap(\.self) == jobs)
    }

    @Test func theOldestReadyImageLeadsWhateverWasPreparedFirst() {
        let bench = Bench()
        #expect(bench.admit(["0", "1", "2", "3"], key()))
        let entries = bench.startAll()
        for index in [2, 0, 3] { #expect(bench.end(entries[index])) }
        #expect(bench.batches() == [["0", "2", "3"]])
        #expect(bench.end(entries[1], failing: true))
        #expect(bench.count == 0)
    }

    @Test func aRequestIsAdmittedWholeOrNotAtAll() {
        let bench = Bench(queued: 5)
        #expect(bench.admit(["a", "b", "c"], key()))
        #expect(!bench.admit(["d", "e", "f"], key()))
        #expect(bench.count == 3)
        #expect(bench.admit(["g", "h"], key()))
        bench.prepareAll()
        #expect(bench.count == 5)
        #expect(!bench.admit(["i"], key()))
        #expect(bench.batches() == [["a", "b", "c", "g", "h"]])
        #expect(bench.admit(["j"], key()))
    }

    @Test func preparationRunsAheadOnlySoFar() {
        let bench = Bench(preparing: 2, prepared: 3)
        #expect(bench.admit((0..<10).map(\.description), key()))
        let first = bench.startAll()
        #expect(first.map(\.job) == ["0", "1"])
        for entry in first { #expect(bench.end(entry)) }
        #expect(bench.startAll().map(\.job) == ["2"])
        #expect(bench.batches() == [["0", "1"]])
        #expect(bench.startAll().map(\.job) == ["3"])
    }

    @Test func whatIsLateIsDroppedBeforeItIsPreparedAndBeforeItRuns() {
        let bench = Bench()
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
    }

    @Test func cancellingRemovesARequestInEveryStateAndNothingElse() {
        let bench = Bench(preparing: 1)
        #expect(bench.admit(["a", "b", "c"], key(), request: 1))
        #expect(bench.admit(["d"], key(), request: 2))
        for entry in bench.startAll() { #expect(bench.end(entry)) }
        let preparing = bench.startAll()
        #expect(Set(bench.cancel(request: 1)) == ["a", "b", "c"])
        #expect(bench.count == 1)
        // The thread that prepares "b" is still at it, so "d" has to wait for it.
        #expect(bench.startAll().isEmpty)
        for entry in preparing { #expect(!bench.end(entry)) }
        bench.prepareAll()
        #expect(bench.batches() == [["d"]])
    }
}

/// A batcher with a clock that stands still, whose images are their own names.
private final class Bench {
    typealias NameBatcher = Batcher<String, String>

    private var batcher: NameBatcher
    var now = ContinuousClock.now
    private(set) var expired: [String] = []

    init(queued: Int = 100, preparing: Int = 100, prepared: Int = 100, images: Int = 100, tokens: Int = 1_000_000) {
        batcher = NameBatcher(
            limits: .init(queued: queued, preparing: preparing, prepared: prepared, images: images, tokens: tokens))
    }

    var count: Int { batcher.count }

    func admit(
        _ names: [String], _ key: BatchKey, request: UInt64 = 0, deadline: ContinuousClock.Instant? = nil
    ) -> Bool {
        batcher.admit(names.map { (key: key, job: $0) }, request: request, deadline: deadline)
    }

    func startAll() -> [NameBatcher.Entry] {
        var entries: [NameBatcher.Entry] = []
        var late: [NameBatcher.Entry] = []
        while let entry = batcher.nextToPrepare(now: now, expired: &late) { entries.append(entry) }
        expired += late.map(\.job)
        return entries
    }

    func end(_ entry: NameBatcher.Entry, failing: Bool = false) -> Bool {
        batcher.endPreparation(of: entry.id, image: failing ? nil : entry.job)
    }

    /// Prepares until nothing more can start.
    func prepareAll() {
        while case let entries = startAll(), !entries.isEmpty {
            for entry in entries { _ = end(entry) }
        }
    }

    func batches() -> [[String]] {
        var batches: [[String]] = []
        var late: [NameBatcher.Entry] = []
        while let batch = batcher.formBatch(now: now, expired: &late) { batches.append(batch.items.map(\.image)) }
        expired += late.map(\.job)
        return batches
    }

    func cancel(request: UInt64) -> [String] {
        batcher.cancel(request: request).map(\.job)
    }
}
