/// Assigns places in one stretch of memory to values that live from one step to another. First fit, lowest place
/// first, so that the same graph always gets the same layout.
struct ArenaPlanner {
    private var free: [Range<Int>] = []
    private(set) var byteCount = 0

    /// A place of at least `bytes`, aligned to a cache line.
    mutating func allocate(_ bytes: Int) -> Range<Int> {
        let size = max(aligned(bytes), 64)
        if let index = free.firstIndex(where: { $0.count >= size }) {
            let hole = free[index]
            let place = hole.lowerBound..<hole.lowerBound + size
            if place.upperBound == hole.upperBound {
                free.remove(at: index)
            } else {
                free[index] = place.upperBound..<hole.upperBound
            }
            return place
        }
        // A hole at the end grows instead of being left behind.
        let start = free.last?.upperBound == byteCount ? free.removeLast().lowerBound : byteCount
        byteCount = start + size
        return start..<byteCount
    }

    mutating func release(_ place: Range<Int>) {
        let index = free.firstIndex { $0.lowerBound > place.lowerBound } ?? free.count
        free.insert(place, at: index)
        if index + 1 < free.count, free[index].upperBound == free[index + 1].lowerBound {
            free[index] = free[index].lowerBound..<free.remove(at: index + 1).upperBound
        }
        if index > 0, free[index - 1].upperBound == free[index].lowerBound {
            free[index - 1] = free[index - 1].lowerBound..<free.remove(at: index).upperBound
        }
    }
}
