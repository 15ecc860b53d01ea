import NIOCore

/// A queue in which priorities take turns by their shares, and within a priority its sources: each gives its oldest
/// element before one of them gives a second. A source that queues a thousand elements delays another's first by one.
struct FairQueue<Element> {
    fileprivate struct Level {
        var queues: [UInt64: CircularBuffer<Element>] = [:]
        /// The sources that have elements, the next one to give first.
        var sources = CircularBuffer<UInt64>()
    }

    private var levels = Priority.allCases.map { _ in Level() }
    private var turns = LevelTurns()
    private(set) var count = 0

    mutating func append(_ element: Element, source: UInt64, priority: Priority) {
        count += 1
        if levels[priority.level].queues[source]?.append(element) == nil {
            levels[priority.level].queues[source] = [element]
            levels[priority.level].sources.append(source)
        }
    }

    /// The next element among the priorities that `isAllowed` lets pass. If it is used, its cost is to be told.
    mutating func popFirst(where isAllowed: (Priority) -> Bool) -> Element? {
        let next = turns.next { [levels] priority in
            !levels[priority.level].sources.isEmpty && isAllowed(priority)
        }
        return next.flatMap { popFirst(level: $0.level) }
    }

    /// Counts what an element cost towards its priority's share.
    mutating func take(tokens: Int, as priority: Priority) { turns.take(tokens: tokens, as: priority) }

    private mutating func popFirst(level: Int) -> Element? {
        guard let source = levels[level].sources.popFirst(),
            let element = levels[level].queues[source]?.popFirst()
        else { return nil }
        count -= 1
        if levels[level].queues[source]?.isEmpty ?? true {
            levels[level].queues[source] = nil
        } else {
            levels[level].sources.append(source)
        }
        return element
    }

    /// Removes what matches; the rest keeps its order and its turns.
    mutating func remove(where matches: (Element) -> Bool) -> [Element] {
        var removed: [Element] = []
        for level in levels.indices {
            for (source, queue) in levels[level].queues {
                let matching = queue.filter(matches)
                if matching.isEmpty { continue }
                removed += matching
                let rest = queue.filter { !matches($0) }
                levels[level].queues[source] = rest.isEmpty ? nil : CircularBuffer(rest)
                if rest.isEmpty { levels[level].sources.removeAll { $0 == source } }
            }
        }
        count -= removed.count
        return removed
    }
}

extension FairQueue: Sendable where Element: Sendable {}
extension FairQueue.Level: Sendable where Element: Sendable {}
