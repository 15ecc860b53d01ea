import CUnmaskKernels
import Testing

@Suite struct RowsTests {
    @Test(arguments: ISA.available)
    func l2NormalizeGivesUnitRows(isa: ISA) throws {
        let engine = try Engine(isa)
        var random = Random(4)
        let rows = 40
        let width = 771
        let x = GuardedBuffer(random.floats(rows * width, scale: 5))
        let y = GuardedBuffer<Float>(count: rows * width)
        unmask_f32_l2_normalize(engine.handle, rows, width, x.base, width, y.base, width)
        for r in 0..<rows {
            let row = x.elements[r * width..<(r + 1) * width].map(Double.init)
            let norm = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
            let expected = row.map { Expected(value: $0 / norm, tolerance: 2 * roundoff * abs($0 / norm)) }
            expectClose(y.elements[r * width..<(r + 1) * width], expected)
        }
        var zeros = [Float](repeating: 0, count: 5)
        let nothing = zeros
        unmask_f32_l2_normalize(engine.handle, 1, 5, nothing, 5, &zeros, 5)
        expectSameBits(zeros, nothing, "a row of zeros has no direction")
    }

    @Test(arguments: ISA.available)
    func meanTokensLeavesSkippedOut(isa: ISA) throws {
        let engine = try Engine(isa)
        let batch = 3
        let tokens = 11
        let width = 37
        var random = Random(6)
        for skip in [0, 1, 10] {
            let x = GuardedBuffer(random.floats(batch * tokens * width))
            let y = GuardedBuffer<Float>(count: batch * width)
            unmask_f32_mean_tokens(engine.handle, batch, tokens, skip, width, x.base, y.base)
            let expected = (0..<batch * width).map { i in
                let values = (skip..<tokens).map { Double(x.elements[(i / width * tokens + $0) * width + i % width]) }
                let mean = values.reduce(0, +) / Double(tokens - skip)
                return Expected(value: mean, tolerance: Double(tokens + 1) * roundoff)
            }
            expectClose(y.array, expected, "skip \(skip)")
        }
    }

    @Test(arguments: ISA.available)
    func addAndCount(isa: ISA) throws {
        let engine = try Engine(isa, threads: 3)
        for count in [1, 17, 16 * 1024, 50_001] {
            var random = Random(8)
            let a = GuardedBuffer(random.floats(count))
            let b = GuardedBuffer(random.floats(count))
            let y = GuardedBuffer<Float>(count: count)
            unmask_f32_add(engine.handle, count, a.base, b.base, y.base)
            expectSameBits(y.array, zip(a.elements, b.elements).map { $0 + $1 })
            #expect(unmask_f32_count_nonfinite(engine.handle, count, y.base) == 0)
            let bad: [Float] = [.nan, .infinity, -.infinity]
            for (i, value) in bad.enumerated() { y.elements[count * i / 3] = value }
            #expect(unmask_f32_count_nonfinite(engine.handle, count, y.base) == min(count, 3))
        }
    }
}
