import NIOCore

/// A queue in which sources take turns: of the highest priority that has anything, each source gives its oldest element
/// before one of them gives a second. A source that queues a thousand elements delays another's first by one.
struct FairQueue<Element> {
    fileprivate struct Level {
        var queues: [UInt64: CircularBuffer<Element>] = [:]
        /// The sources that have elements, the next one to give first.
        var turns = CircularBuffer<UInt64>()
    }

    private var levels = Priority.allCases.map { _ in Level() }
    private(set) var count = 0

    mutating func append(_ element: Element, source: UInt64, priority: Priority) {
        count += 1
        if levels[priority.level].queues[source]?.append(element) == nil {
            levels[priority.level].queues[source] = [element]
            levels[priority.level].turns.append(source)
        }
    }

    /// The next element among the priorities that `isAllowed` lets pass.
    mutating func popFirst(where isAllowed: (Priority) -> Bool) -> Element? {
        for priority in Priority.allCases where isAllowed(priority) {
            if let element = popFirst(level: priority.level) { return element }
        }
        return nil
    }

    private mutating func popFirst(level: Int) -> Element? {
        guard let source = levels[level].turns.popFirst(),
            let element = levels[level].queues[source]?.popFirst()
        else { return nil }
        count -= 1
        if levels[level].queues[source]?.isEmpty ?? true {
            levels[level].queues[source] = nil
        } else {
            levels[level].turns.append(source)
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
                if rest.isEmpty { levels[level].turns.removeAll { $0 == source } }
            }
        }
        count -= removed.count
        return removed
    }
}

extension FairQueue: Sendable where Element: Sendable {}
extension FairQueue.Level: Sendable where Element: Sendable {}
