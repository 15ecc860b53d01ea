import CUnmaskKernels
import Testing

/// int8 products of weights that are whole numbers with rows on a grid that is given: the numbers of a quantised file.
@Suite struct GridTests {
    /// A product whose operands are whole numbers to begin with.
    struct Case: CustomStringConvertible {
        var m = 5
        var n = 37
        var k = 70
        var grid: unmask_grid
        /// Taken off bytes without signs; nil: the weights are bytes with signs.
        var weightZero: Int?
        var transposed = false
        var bias = true
        /// Each output has its own scale and zero point.
        var perOutput = true

        var description: String {
            "[\(m), \(n), \(k)] grid \(grid.zero) in \(grid.least)…\(grid.most), weights less \(weightZero ?? 0), "
                + "transposed \(transposed), bias \(bias), per output \(perOutput)"
        }

        var weights: [Int] {
            var random = Random(17)
            return (0..<n * k).map { index in
                let byte = Int(random.bits() & 255)
                guard let weightZero else { return byte - 128 }
                return byte - (perOutput ? (weightZero + index / k) % 256 : weightZero)
            }
        }

        var scales: [Float] { (0..<n).map { perOutput ? 0.01 * Float(1 + $0 % 7) : 0.03 } }

        /// Beyond the grid at both ends, and halfway between two of its numbers.
        var x: [Float] {
            var random = Random(3)
            let width = Float(grid.most - grid.least) * grid.scale
            return (0..<m * k).map { index in
                let number =
                    random.floats(1, scale: 0.75 * width)[0] - Float(grid.zero - (grid.most + grid.least) / 2)
                    * grid.scale
                return index % 5 == 0 ? (number / grid.scale).rounded(.down) * grid.scale + grid.scale / 2 : number
            }
        }

        var offsets: [Float] { (0..<n).map { Float($0) * 0.5 - 7 } }

        /// As ONNX's QuantizeLinear rounds.
        var wholeRows: [Int] {
            x.map { x in
                let whole = Int((x / grid.scale).rounded(.toNearestOrEven)) + Int(grid.zero)
                return min(max(whole, Int(grid.least)), Int(grid.most)) - Int(grid.zero)
            }
        }

        func run(_ engine: Engine, _ kernel: ProductKernel, rows: Range<Int>? = nil) -> [Float] {
            let rows = rows ?? 0..<m
            let numbers = weights
            let stored = transposed ? (0..<n * k).map { numbers[$0 % n * k + $0 / n] } : numbers
            let bytes = GuardedBuffer(stored.map { Int8(truncatingIfNeeded: $0) })
            let words = GuardedBuffer(stored.map { Int16($0) })
            let isWide = weightZero != nil
            let a = GuardedBuffer(x[rows.lowerBound * k..<rows.upperBound * k])
            let (scales, offsets) = (GuardedBuffer(scales), GuardedBuffer(offsets))
            let packed = GuardedBuffer<UInt8>(count: unmask_gemm_packed_bytes(kernel.handle, n, k), aligned: true)
            let scratch = GuardedBuffer<Float>(
                count: unmask_gemm_scratch_floats(kernel.handle, rows.count, k), aligned: true)
            let c = GuardedBuffer<Float>(count: rows.count * n)
            #expect(
                unmask_gemm_pack_whole(
                    engine.handle, kernel.handle, n, k,
                    isWide ? UnsafeRawPointer(words.base) : UnsafeRawPointer(bytes.base),
                    transposed ? n : k, isWide ? UNMASK_STORAGE_I16 : UNMASK_STORAGE_I8, transposed, scales.base,
                    packed.base))
            var gemm = unmask_gemm()
            gemm.kernel = kernel.handle
            (gemm.m, gemm.n, gemm.k, gemm.lda, gemm.ldc) = (rows.count, n, k, k, n)
            (gemm.a, gemm.packed) = (UnsafePointer(a.base), UnsafeRawPointer(packed.base))
            gemm.grid = grid
            if bias { gemm.bias = UnsafePointer(offsets.base) }
            (gemm.c, gemm.scratch) = (c.base, scratch.base)
            unmask_gemm_run(engine.handle, &gemm)
            return c.array
        }

        /// Whole sums are exact; five roundings follow.
        var expected: [Expected] {
            let (rows, columns, scales, offsets) = (wholeRows, weights, scales, offsets)
            return (0..<m * n).map { index in
                let (r, j) = (index / n, index % n)
                let sum = (0..<k).reduce(0) { $0 + rows[r * k + $1] * columns[j * k + $1] }
                let product = Double(sum) * Double(scales[j]) * Double(grid.scale)
                let value = product + (bias ? Double(offsets[j]) : 0)
                return Expected(value: value, tolerance: 5 * roundoff * (abs(product) + abs(value)))
            }
        }
    }

    static let grids: [unmask_grid] =
        [0, 1, 128, 131, 255].map { unmask_grid(scale: 0.037, zero: $0, least: 0, most: 255) }
        + [-128, -17, 0, 3, 127].map { unmask_grid(scale: 0.021, zero: $0, least: -128, most: 127) }

    static var kernels: [ProductKernel] { ProductKernel.available.filter { $0.arithmetic == UNMASK_ARITHMETIC_I8 } }

    static let cases: [Case] = grids.flatMap { grid in
        [nil, 0, 77, 128, 255].flatMap { zero in
            [false, true].map { flag in
                Case(grid: grid, weightZero: zero, transposed: flag, bias: !flag, perOutput: flag != (zero == 77))
            }
        }
    }

    @Test(arguments: kernels)
    func productsOfWholeNumbersAreExact(kernel: ProductKernel) throws {
        let engine = try kernel.engine()
        for test in Self.cases { expectClose(test.run(engine, kernel), test.expected, "\(test)") }
    }

    /// The same bits on every processor with fused multiply-adds, and for a row in any company.
    @Test func sameBitsOnEveryProcessorAndInAnyCompany() throws {
        let fused = Self.kernels.filter { $0.features & unmask_features(UNMASK_FEATURE_FMA) != 0 }
        for var test in Self.cases {
            (test.m, test.k) = (31, 131)
            var reference: [Float]?
            for kernel in fused {
                let engine = try kernel.engine()
                let all = test.run(engine, kernel)
                expectSameBits(all, reference ?? all, "\(kernel): \(test)")
                reference = all
                expectSameBits(
                    test.run(engine, kernel, rows: 29..<30), all[29 * test.n..<30 * test.n], "\(kernel): \(test)")
            }
        }
    }

    /// The longest sums, of the largest magnitudes: nothing overflows up to 2¹⁴ of k.
    @Test(arguments: kernels)
    func theLongestSums(kernel: ProductKernel) throws {
        let engine = try kernel.engine()
        let k = 1 << 14
        for (x, zero) in [(Float(1000), Int32(0)), (-1000, 255)] {
            for weight in [Int16(255), -255] {
                let packed = GuardedBuffer<UInt8>(count: unmask_gemm_packed_bytes(kernel.handle, 1, k), aligned: true)
                let scratch = GuardedBuffer<Float>(
                    count: unmask_gemm_scratch_floats(kernel.handle, 1, k), aligned: true)
                let a = [Float](repeating: x, count: k)
                let w = [Int16](repeating: weight, count: k)
                let isFinite = unmask_gemm_pack_whole(
                    engine.handle, kernel.handle, 1, k, w, k, UNMASK_STORAGE_I16, false, [1], packed.base)
                #expect(isFinite)
                var c = Float.nan
                a.withUnsafeBufferPointer { a in
                    withUnsafeMutablePointer(to: &c) { c in
                        var gemm = unmask_gemm()
                        gemm.kernel = kernel.handle
                        (gemm.m, gemm.n, gemm.k, gemm.lda, gemm.ldc) = (1, 1, k, k, 1)
                        (gemm.a, gemm.packed) = (a.baseAddress, UnsafeRawPointer(packed.base))
                        gemm.grid = unmask_grid(scale: 1, zero: zero, least: 0, most: 255)
                        (gemm.c, gemm.scratch) = (c, scratch.base)
                        unmask_gemm_run(engine.handle, &gemm)
                    }
                }
                let expected = (x > 0 ? 255.0 : -255) * Double(weight) * Double(k)
                #expect(
                    abs(Double(c) - expected) <= 1e-6 * abs(expected), "\(x), \(weight): \(c), expected \(expected)")
            }
        }
    }

    /// Rows that are not finite stay so, alone; weights that are no bytes, and scales that are not finite, are told of.
    @Test(arguments: kernels)
    func whatIsNoNumberStaysSo(kernel: ProductKernel) throws {
        let engine = try kernel.engine()
        let (n, k) = (20, 40)
        func run(_ x: [Float], _ w: [Int16], _ scales: [Float]) -> (isFinite: Bool, result: [Float]) {
            let packed = GuardedBuffer<UInt8>(count: unmask_gemm_packed_bytes(kernel.handle, n, k), aligned: true)
            let scratch = GuardedBuffer<Float>(count: unmask_gemm_scratch_floats(kernel.handle, 3, k), aligned: true)
            let isFinite = unmask_gemm_pack_whole(
                engine.handle, kernel.handle, n, k, w, k, UNMASK_STORAGE_I16, false, scales, packed.base)
            let (a, c) = (GuardedBuffer(x), GuardedBuffer<Float>(count: 3 * n))
            var gemm = unmask_gemm()
            gemm.kernel = kernel.handle
            (gemm.m, gemm.n, gemm.k, gemm.lda, gemm.ldc) = (3, n, k, k, n)
            (gemm.a, gemm.packed) = (UnsafePointer(a.base), UnsafeRawPointer(packed.base))
            gemm.grid = unmask_grid(scale: 0.1, zero: 100, least: 0, most: 255)
            (gemm.c, gemm.scratch) = (c.base, scratch.base)
            unmask_gemm_run(engine.handle, &gemm)
            return (isFinite, c.array)
        }
        let (x, w, scales) = (
            [Float](repeating: 1, count: 3 * k), [Int16](repeating: 3, count: n * k), [Float](repeating: 1, count: n)
        )
        for bad in [Float.nan, .infinity, -.infinity] {
            var rows = x
            rows[k + 17] = bad
            let found = run(rows, w, scales)
            #expect(found.isFinite)
            for r in 0..<3 { #expect(found.result[r * n..<(r + 1) * n].allSatisfy { $0.isNaN == (r == 1) }, "\(bad)") }
            var factors = scales
            factors[7] = bad
            let scaled = run(x, w, factors)
            #expect(!scaled.isFinite)
            for j in 0..<n { #expect(scaled.result[j].isFinite == (j != 7), "\(bad)") }
        }
        var wide = w
        (wide[7 * k], wide[7 * k + 1]) = (-128, 128)
        let found = run(x, wide, scales)
        #expect(!found.isFinite)
        for j in 0..<n { #expect(found.result[j].isFinite == (j != 7)) }
    }

    /// Rounding by itself gives what QuantizeLinear and DequantizeLinear do.
    @Test(arguments: ISA.available)
    func roundingToAGrid(isa: ISA) throws {
        let engine = try Engine(isa)
        let wide = unmask_grid(scale: 3e-4, zero: 40000, least: 0, most: 65535)
        for grid in Self.grids + [wide] {
            let test = Case(grid: grid)
            for count in [1, 7, 8, 33, test.x.count] {
                let x = GuardedBuffer(test.x.prefix(count))
                unmask_f32_round_to_grid(engine.handle, count, x.base, grid, x.base)
                #expect(x.array == test.wholeRows.prefix(count).map { Float($0) * grid.scale }, "\(grid)")
            }
        }
        let odd = GuardedBuffer<Float>([.nan, .infinity, -.infinity, -0])
        unmask_f32_round_to_grid(engine.handle, 4, odd.base, Self.grids[3], odd.base)
        #expect(odd.elements[0].isNaN)
        #expect(Array(odd.elements[1...]) == [124 * 0.037, -131 * 0.037, 0])
    }
}
