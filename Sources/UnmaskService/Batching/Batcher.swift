import NIOCore

/// Decides which image is prepared next and which images run together. It only decides: no threads, no clock.
///
/// An image is waiting, then preparing, then ready, then handed out in a batch. There is no timer: whoever has a free
/// engine asks for a batch and gets the oldest ready image together with those that can share its forward pass.
/// Preparation runs ahead of the engine by a bounded number of images.
struct Batcher<Job, Image> {
    struct Limits: Sendable {
        /// Images that are waiting, preparing or ready.
        var queued: Int
        /// Images that are preparing at once.
        var preparing: Int
        /// Images that are preparing or ready.
        var prepared: Int
        /// Images of a batch.
        var images: Int
        /// Tokens of a batch; an image that has more by itself runs alone.
        var tokens: Int
    }

    struct Entry {
        /// Ascending in order of arrival.
        var id: UInt64
        var request: UInt64
        var key: BatchKey
        var deadline: ContinuousClock.Instant?
        var job: Job
    }

    struct Batch {
        var key: BatchKey
        var items: [(entry: Entry, image: Image)]
    }

    private let limits: Limits
    private var nextID: UInt64 = 0
    private var waiting = CircularBuffer<Entry>()
    private var preparing: [UInt64: Entry] = [:]
    /// Images that were cancelled while they were preparing: they hold a thread until it is done with them.
    private var abandoned: Set<UInt64> = []
    /// In order of arrival, whatever the order in which preparation ended.
    private var ready: [(entry: Entry, image: Image)] = []

    init(limits: Limits) {
        self.limits = limits
    }

    /// The images that are queued in any state.
    var count: Int { waiting.count + preparing.count + ready.count }

    private var canPrepare: Bool {
        let busy = preparing.count + abandoned.count
        return busy < limits.preparing && busy + ready.count < limits.prepared
    }

    /// Queues all of a request's images, or none of them where they would not fit.
    mutating func admit(
        _ jobs: [(key: BatchKey, job: Job)], request: UInt64, deadline: ContinuousClock.Instant?
    ) -> Bool {
        guard jobs.count <= limits.queued - count else { return false }
        for (key, job) in jobs {
            waiting.append(Entry(id: nextID, request: request, key: key, deadline: deadline, job: job))
            nextID += 1
        }
        return true
    }

    /// The next image to prepare, or nil while enough are prepared. What has missed its deadline goes to `expired`.
    mutating func nextToPrepare(now: ContinuousClock.Instant, expired: inout [Entry]) -> Entry? {
        while canPrepare, let entry = waiting.popFirst() {
            if entry.isExpired(now) {
                expired.append(entry)
            } else {
                preparing[entry.id] = entry
                return entry
            }
        }
        return nil
    }

    /// Ends the preparation of an image, with nil where it failed.
    ///
    /// - Returns: false where the image was cancelled meanwhile; the result is to be dropped.
    mutating func endPreparation(of id: UInt64, image: Image?) -> Bool {
        guard let entry = preparing.removeValue(forKey: id) else {
            abandoned.remove(id)
            return false
        }
        if let image {
            let place = ready.lastIndex { $0.entry.id < id }.map { $0 + 1 } ?? 0
            ready.insert((entry, image), at: place)
        }
        return true
    }

    /// The oldest ready image and all that can run with it, or nil where none is ready.
    mutating func formBatch(now: ContinuousClock.Instant, expired: inout [Entry]) -> Batch? {
        expired += ready.lazy.map(\.entry).filter { $0.isExpired(now) }
        ready.removeAll { $0.entry.isExpired(now) }
        guard let key = ready.first?.entry.key else { return nil }
        let maximum = max(1, min(limits.images, key.maximumItems, limits.tokens / max(1, key.tokens)))
        var items: [(entry: Entry, image: Image)] = []
        var others: [(entry: Entry, image: Image)] = []
        for item in ready {
            if item.entry.key == key, items.count < maximum { items.append(item) } else { others.append(item) }
        }
        ready = others
        return Batch(key: key, items: items)
    }

    /// Removes a request's images that have not been handed out in a batch.
    mutating func cancel(request: UInt64) -> [Entry] {
        remove { $0.request == request }
    }

    /// Removes everything that has not been handed out in a batch.
    mutating func removeAll() -> [Entry] {
        remove { _ in true }
    }

    private mutating func remove(where matches: (Entry) -> Bool) -> [Entry] {
        let dropped = preparing.values.filter(matches)
        let removed = Array(waiting.filter(matches)) + dropped + ready.map(\.entry).filter(matches)
        waiting.removeAll(where: matches)
        for entry in dropped {
            preparing[entry.id] = nil
            abandoned.insert(entry.id)
        }
        ready.removeAll { matches($0.entry) }
        return removed
    }
}

extension Batcher.Entry: Sendable where Job: Sendable {}
extension Batcher.Batch: Sendable where Job: Sendable, Image: Sendable {}

extension Batcher.Entry {
    func isExpired(_ now: ContinuousClock.Instant) -> Bool {
        deadline.map { $0 <= now } ?? false
    }
}
