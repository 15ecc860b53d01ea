import Testing

@testable import UnmaskRuntime

@Suite struct ArenaPlannerTests {
    /// Random lives: places never overlap while both are in use, and all memory is free again in the end.
    @Test func livingValuesNeverShareMemory() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<50 {
            var planner = ArenaPlanner()
            var living: [Range<Int>] = []
            for _ in 0..<200 {
                if living.isEmpty || Bool.random(using: &generator) {
                    let bytes = Int.random(in: 0...5000, using: &generator)
                    let place = planner.allocate(bytes)
                    #expect(place.count >= bytes && place.lowerBound % 64 == 0)
                    #expect(place.upperBound <= planner.byteCount)
                    #expect(!living.contains { $0.overlaps(place) })
                    living.append(place)
                } else {
                    planner.release(living.remove(at: Int.random(in: living.indices, using: &generator)))
                }
            }
            let size = planner.byteCount
            living.forEach { planner.release($0) }
            #expect(planner.allocate(size) == 0..<size)
            #expect(planner.byteCount == size)
        }
    }
}
