import CUnmaskKernels
import Testing

/// Whole products of rows of bytes: exact on every instruction set.
@Suite struct DotRowsTests {
    @Test(
        "sums are those of whole numbers", arguments: ISA.available,
        [1, 3, 15, 16, 31, 32, 63, 64, 65, 97, 128, 200, 768])
    func exact(isa: ISA, width: Int) throws {
        let engine = try Engine(isa, threads: 2)
        for (rows, queries) in [(1, 1), (7, 3), (900, 2)] {
            var random = Random(UInt64(width * rows))
            // The ends of both ranges among them: no sum of two products may saturate.
            let x = GuardedBuffer(
                (0..<rows * width).map { $0 % 5 == 0 ? Int8(-128) : Int8(truncatingIfNeeded: random.bits()) })
            let limit = min(32767, Int(Int32.max) / (128 * width))
            let y = GuardedBuffer(
                (0..<queries * width).map {
                    $0 % 3 == 0 ? Int16(-limit) : Int16(Int(random.bits() % UInt64(2 * limit + 1)) - limit)
                })
            let sums = GuardedBuffer<Int32>(count: queries * (rows + 2))
            unmask_i8_dot_rows(engine.handle, rows, width, x.base, queries, y.base, sums.base, rows + 2)
            for query in 0..<queries {
                for row in 0..<rows {
                    let expected = (0..<width).reduce(0) {
                        $0 + Int(x.base[row * width + $1]) * Int(y.base[query * width + $1])
                    }
                    #expect(Int(sums.base[query * (rows + 2) + row]) == expected)
                }
            }
        }
    }
}
