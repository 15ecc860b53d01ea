import Testing

@testable import UnmaskService

/// A batcher with a clock that stands still, whose images are their own names.
final class BatcherBench {
    typealias NameBatcher = Batcher<String, String>

    private var batcher: NameBatcher
    var now = ContinuousClock.now
    private(set) var expired: [String] = []

    init(queued: Int = 100, preparing: Int = 100, preparedBatches: Int = 100) {
        batcher = NameBatcher(
            limits: .init(queued: queued, preparing: preparing, preparedBatches: preparedBatches))
    }

    var count: Int { batcher.count }
    var queuedTokens: Int { batcher.queuedTokens }

    func admit(
        _ names: [String], _ key: BatchKey, request: UInt64 = 0, connection: UInt64 = 1,
        priority: Priority = .normal, deadline: ContinuousClock.Instant? = nil, isReserved: Bool = false
    ) -> Bool {
        batcher.admit(
            names.map { (key: key, job: $0) },
            of: .init(
                id: request, connection: connection, priority: priority, deadline: deadline, isReserved: isReserved))
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
    func prepareAll(ending started: [NameBatcher.Entry] = []) {
        for entry in started { _ = end(entry) }
        while case let entries = startAll(), !entries.isEmpty {
            for entry in entries { _ = end(entry) }
        }
    }

    func batch() -> [String]? {
        var late: [NameBatcher.Entry] = []
        defer { expired += late.map(\.job) }
        return batcher.formBatch(now: now, expired: &late).map { $0.items.map(\.image) }
    }

    /// Every batch until none is ready.
    /// - Parameter preparing: go on preparing as batches make room.
    func batches(preparing: Bool = false) -> [[String]] {
        var batches: [[String]] = []
        while let batch = batch() {
            batches.append(batch)
            if preparing { prepareAll() }
        }
        return batches
    }

    func cancel(request: UInt64) -> [String] {
        batcher.cancel(request: request).map(\.job)
    }
}
