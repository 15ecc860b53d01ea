/// Lines that wait to be written, bounded by their bytes. Lines that find no room are counted, and the count keeps its
/// place among those that did.
struct LogQueue {
    enum Entry: Equatable {
        case line(String)
        /// So many lines are missing here.
        case dropped(Int)
    }

    let maximumBytes: Int
    private var entries: [Entry] = []
    private var bytes = 0
    /// Lines that were dropped since the last entry.
    private var missing = 0

    init(maximumBytes: Int) {
        self.maximumBytes = maximumBytes
    }

    var isEmpty: Bool { entries.isEmpty && missing == 0 }

    /// - Returns: whether there was room for it.
    mutating func append(_ line: String) -> Bool {
        guard bytes + line.utf8.count <= maximumBytes else {
            missing += 1
            return false
        }
        noteMissing()
        bytes += line.utf8.count
        entries.append(.line(line))
        return true
    }

    /// Everything, oldest first; the queue is empty then.
    mutating func takeAll() -> [Entry] {
        noteMissing()
        defer {
            entries = []
            bytes = 0
        }
        return entries
    }

    private mutating func noteMissing() {
        guard missing > 0 else { return }
        entries.append(.dropped(missing))
        missing = 0
    }
}
