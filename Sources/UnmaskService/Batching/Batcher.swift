/// Decides which image is prepared next and which images run together. It only decides: no threads, no clock.
///
/// An image is waiting, then preparing, then ready, then handed out in a batch. There is no timer: whoever has a free
/// engine asks for a batch and gets the first ready image together with those that can share its forward pass. First is
/// the priority whose turn it is (`LevelTurns`: a higher one as a rule, but none starves), and within a priority whose
/// turn came earlier: connections take turns. Preparation runs ahead of the engine by a bounded number of batches,
/// counted for each priority apart, so that what is urgent need not wait for room behind what is not.
struct Batcher<Job, Image> {
    struct Limits: Sendable {
        /// Images that are waiting, preparing or ready.
        var queued: Int
        /// Images that are preparing at once.
        var preparing: Int
        /// Full batches that are preparing or ready.
        var preparedBatches: Int
    }

    struct Entry {
        /// Ascending in order of arrival.
        var id: UInt64
        var request: UInt64
        var priority: Priority
        var key: BatchKey
        var deadline: ContinuousClock.Instant?
        var job: Job
        /// Ascending in the order in which preparation began.
        var turn: UInt64 = 0
    }

    struct Batch {
        var key: BatchKey
        var items: [(entry: Entry, image: Image)]
    }

    /// What all images of a request have in common.
    struct Request {
        var id: UInt64
        /// Whose turn it uses.
        var connection: UInt64
        var priority = Priority.normal
        var deadline: ContinuousClock.Instant?
        /// Admitted also where the queue is full: for the server's own checks.
        var isReserved = false
    }

    private let limits: Limits
    private var nextID: UInt64 = 0
    private var nextTurn: UInt64 = 0
    private var waiting = FairQueue<Entry>()
    private var preparing: [UInt64: Entry] = [:]
    /// Images that were cancelled while they were preparing: they hold a thread until it is done with them.
    private var abandoned: Set<UInt64> = []
    /// By priority, then in the order of their turns, whatever the order in which preparation ended.
    private var ready: [(entry: Entry, image: Image)] = []
    /// Of the priorities, in leading a batch.
    private var turns = LevelTurns()
    /// What is preparing or ready, for each priority, in `Entry.share`s.
    private var prepared = Priority.allCases.map { _ in 0 }
    /// The tokens of all queued images.
    private(set) var queuedTokens = 0

    init(limits: Limits) {
        self.limits = limits
    }

    /// The images that are queued in any state.
    var count: Int { waiting.count + preparing.count + ready.count }

    /// Queues all of a request's images, or none of them where they would not fit.
    mutating func admit(_ jobs: [(key: BatchKey, job: Job)], of request: Request) -> Bool {
        guard request.isReserved || jobs.count <= limits.queued - count else { return false }
        for (key, job) in jobs {
            let entry = Entry(
                id: nextID, request: request.id, priority: request.priority, key: key, deadline: request.deadline,
                job: job)
            waiting.append(entry, source: request.connection, priority: request.priority)
            nextID += 1
            queuedTokens += key.cost
        }
        return true
    }

    /// The next image to prepare, or nil while enough are prepared. What has missed its deadline goes to `expired`.
    mutating func nextToPrepare(now: ContinuousClock.Instant, expired: inout [Entry]) -> Entry? {
        let room = limits.preparedBatches * Entry.batchShares
        while preparing.count + abandoned.count < limits.preparing,
            var entry = waiting.popFirst(where: { prepared[$0.level] < room })
        {
            if entry.isExpired(now) {
                queuedTokens -= entry.key.cost
                expired.append(entry)
            } else {
                entry.turn = nextTurn
                nextTurn += 1
                prepared[entry.priority.level] += entry.share
                waiting.take(tokens: entry.key.cost, as: entry.priority)
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
            let place = ready.lastIndex { $0.entry.precedes(entry) }.map { $0 + 1 } ?? 0
            ready.insert((entry, image), at: place)
        } else {
            leave(entry)
        }
        return true
    }

    /// The first ready image of the priority whose turn it is and all that can run with it, its own priority's before
    /// the others', or nil where none is ready. The whole batch counts as that priority's: others fill what it leaves.
    mutating func formBatch(now: ContinuousClock.Instant, expired: inout [Entry]) -> Batch? {
        removeReady(where: { $0.isExpired(now) }, &expired)
        let leader = turns.next { [ready] priority in ready.contains { $0.entry.priority == priority } }
        guard let leader, let key = ready.first(where: { $0.entry.priority == leader })?.entry.key else { return nil }
        let matching = ready.indices.filter { ready[$0].entry.key == key }
        let own = matching.filter { ready[$0].entry.priority == leader }
        let others = matching.filter { ready[$0].entry.priority != leader }
        let chosen = (own + others).prefix(key.maximumItems)
        let batch = Batch(key: key, items: chosen.map { ready[$0] })
        for item in batch.items { leave(item.entry) }
        let taken = Set(chosen)
        ready = ready.indices.filter { !taken.contains($0) }.map { ready[$0] }
        turns.take(tokens: batch.items.count * key.cost, as: leader)
        return batch
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
        var removed = waiting.remove(where: matches)
        for entry in removed { queuedTokens -= entry.key.cost }
        for entry in preparing.values where matches(entry) {
            preparing[entry.id] = nil
            abandoned.insert(entry.id)
            leave(entry)
            removed.append(entry)
        }
        removeReady(where: matches, &removed)
        return removed
    }

    private mutating func removeReady(where matches: (Entry) -> Bool, _ removed: inout [Entry]) {
        guard ready.contains(where: { matches($0.entry) }) else { return }
        for item in ready where matches(item.entry) {
            leave(item.entry)
            removed.append(item.entry)
        }
        ready.removeAll { matches($0.entry) }
    }

    /// Forgets an image that was preparing or ready.
    private mutating func leave(_ entry: Entry) {
        prepared[entry.priority.level] -= entry.share
        queuedTokens -= entry.key.cost
    }
}

extension Batcher.Entry: Sendable where Job: Sendable {}
extension Batcher.Batch: Sendable where Job: Sendable, Image: Sendable {}
extension Batcher.Request: Sendable {}

extension Batcher.Entry {
    /// A full batch, in the unit of `share`.
    static var batchShares: Int { 1 << 16 }

    /// How much of a full batch of its kind this image is.
    var share: Int { max(1, Self.batchShares / key.maximumItems) }

    func isExpired(_ now: ContinuousClock.Instant) -> Bool {
        deadline.map { $0 <= now } ?? false
    }

    func precedes(_ other: Self) -> Bool {
        (priority.level, turn) < (other.priority.level, other.turn)
    }
}
