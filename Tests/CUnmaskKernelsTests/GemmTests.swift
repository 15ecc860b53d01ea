import CUnmaskKernels
import Testing

@Suite struct GemmTests {
    /// Around the tiles of all rows (4×8, 6×16, 14×32, 16×32) and pairs of them, primes, 1.
    static let heights = [1, 3, 4, 5, 6, 7, 13, 14, 15, 16, 17, 29, 32, 33, 61]
    static let widths = [1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 67]
    static let depths = [1, 3, 4, 5, 8, 15, 16, 17, 31, 33, 64, 65, 97, 129]

    @Test(arguments: ProductKernel.available)
    func productEqualsDoubleReference(kernel: ProductKernel) throws {
        let engine = try kernel.engine()
        for m in Self.heights {
            for n in Self.widths {
                for k in Self.depths where (m + n + k) % 13 == 0 || (m >= 13 && m <= 15 && n == 32) {
                    let product = GemmCase(m: m, n: n, k: k, bias: true, gap: (m + n) % 3)
                    expectClose(product.run(engine, kernel), product.expected(kernel.arithmetic), "\(product)")
                }
            }
        }
    }

    @Test(arguments: ProductKernel.available)
    func everyFusionEqualsDoubleReference(kernel: ProductKernel) throws {
        let engine = try kernel.engine()
        let activations = [
            UNMASK_ACTIVATION_NONE, UNMASK_ACTIVATION_GELU_ERF, UNMASK_ACTIVATION_GELU_TANH,
            UNMASK_ACTIVATION_GELU_QUICK, UNMASK_ACTIVATION_SILU,
        ]
        for number in 0..<160 {
            let product = GemmCase(
                m: 31, n: 45, k: 50, bias: number & 1 != 0, norm: number & 2 != 0, residual: number & 4 != 0,
                inPlace: number & 8 != 0, transposed: number & 16 != 0, activation: activations[number / 32],
                scale: number % 3 == 1, gap: 3,
                seed: UInt64(number))
            expectClose(product.run(engine, kernel), product.expected(kernel.arithmetic), "\(product)")
        }
    }

    /// More rows than one slab of scratch and one block of cache hold.
    @Test(arguments: ProductKernel.available)
    func manyRowsEqualDoubleReference(kernel: ProductKernel) throws {
        let engine = try kernel.engine()
        let product = GemmCase(m: 900, n: 9, k: 3072, bias: true, residual: true, gap: 1)
        let found = product.run(engine, kernel)
        let rows = Array(stride(from: 0, to: 900, by: 37)) + [899]
        expectClose(
            rows.flatMap { found[$0 * 9..<($0 + 1) * 9] }, product.expected(kernel.arithmetic, rows: rows), "\(product)"
        )
        #expect(
            unmask_gemm_scratch_floats(kernel.handle, 1 << 20, 3072) < 4 << 20,
            "scratch must not grow with the rows")
    }

    @Test(arguments: ProductKernel.available)
    func anEmptyProductIsBiasAndResidual(kernel: ProductKernel) throws {
        let engine = try kernel.engine()
        let product = GemmCase(m: 3, n: 5, k: 0, bias: true, residual: true)
        expectClose(product.run(engine, kernel), product.expected(kernel.arithmetic))
        #expect(GemmCase(m: 0, n: 5, k: 3).run(engine, kernel).isEmpty)
    }

    @Test(arguments: ProductKernel.available)
    func notANumberStaysInItsRow(kernel: ProductKernel) throws {
        let engine = try kernel.engine()
        let k = 20
        let n = 40
        let m = 17
        var random = Random(5)
        let w = random.floats(n * k)
        var a = random.floats(m * k)
        a[9 * k + 3] = .nan
        let packed = GuardedBuffer<UInt8>(count: unmask_gemm_packed_bytes(kernel.handle, n, k), aligned: true)
        let scratch = GuardedBuffer<Float>(
            count: unmask_gemm_scratch_floats(kernel.handle, m, k), aligned: true)
        #expect(unmask_gemm_pack(engine.handle, kernel.handle, n, k, w, k, UNMASK_STORAGE_F32, false, packed.base))
        var c = [Float](repeating: 0, count: m * n)
        for activation in [UNMASK_ACTIVATION_NONE, UNMASK_ACTIVATION_GELU_ERF, UNMASK_ACTIVATION_GELU_TANH] {
            a.withUnsafeBufferPointer { a in
                c.withUnsafeMutableBufferPointer { c in
                    var gemm = unmask_gemm()
                    gemm.kernel = kernel.handle
                    (gemm.m, gemm.n, gemm.k, gemm.lda, gemm.ldc) = (m, n, k, k, n)
                    gemm.a = a.baseAddress
                    gemm.packed = UnsafeRawPointer(packed.base)
                    gemm.activation = activation
                    gemm.c = c.baseAddress
                    gemm.scratch = scratch.base
                    unmask_gemm_run(engine.handle, &gemm)
                }
            }
            for r in 0..<m {
                #expect(c[r * n..<(r + 1) * n].allSatisfy { $0.isNaN == (r == 9) }, "row \(r)")
            }
        }
    }

    /// Weights that are not finite are told of, and reach the results of their own column alone.
    @Test(arguments: ProductKernel.available)
    func weightsThatAreNotFinite(kernel: ProductKernel) throws {
        let engine = try kernel.engine()
        for bad in [Float.nan, .infinity, -.infinity] {
            for transposed in [false, true] {
                let (n, k) = (37, 50)
                var w = [Float](repeating: 0.5, count: n * k)
                w[transposed ? 41 * n + 33 : 33 * k + 41] = bad
                let packed = GuardedBuffer<UInt8>(count: unmask_gemm_packed_bytes(kernel.handle, n, k), aligned: true)
                let scratch = GuardedBuffer<Float>(
                    count: unmask_gemm_scratch_floats(kernel.handle, 1, k), aligned: true)
                #expect(
                    !unmask_gemm_pack(
                        engine.handle, kernel.handle, n, k, w, transposed ? n : k, UNMASK_STORAGE_F32, transposed,
                        packed.base))
                let a = GuardedBuffer([Float](repeating: 1, count: k))
                let c = GuardedBuffer<Float>(count: n)
                var gemm = unmask_gemm()
                gemm.kernel = kernel.handle
                (gemm.m, gemm.n, gemm.k, gemm.lda, gemm.ldc) = (1, n, k, k, n)
                (gemm.a, gemm.packed) = (UnsafePointer(a.base), UnsafeRawPointer(packed.base))
                (gemm.c, gemm.scratch) = (c.base, scratch.base)
                unmask_gemm_run(engine.handle, &gemm)
                for j in 0..<n { #expect(c.elements[j].isFinite == (j != 33), "\(bad), column \(j)") }
            }
        }
    }

    /// Whole sums are exact and the steps after them the same: int8 gives the same bits on every processor with fused
    /// multiply-adds.
    @Test func int8HasTheSameBitsOnEveryProcessor() throws {
        let kernels = ProductKernel.available.filter {
            $0.arithmetic == UNMASK_ARITHMETIC_I8 && $0.features & unmask_features(UNMASK_FEATURE_FMA) != 0
        }
        guard let first = kernels.first else { return }
        for activation in [UNMASK_ACTIVATION_NONE, UNMASK_ACTIVATION_GELU_ERF, UNMASK_ACTIVATION_GELU_TANH] {
            for residual in [false, true] {
                let product = GemmCase(
                    m: 61, n: 70, k: 777, bias: true, residual: residual, transposed: residual, activation: activation)
                let reference = product.run(try first.engine(), first)
                for kernel in kernels.dropFirst() {
                    expectSameBits(product.run(try kernel.engine(), kernel), reference, "\(kernel)")
                }
            }
        }
    }

    /// The largest magnitudes that rows and weights can have, all of one sign and of both: sums that a multiply-add of
    /// bytes in 16 bits would cut off.
    @Test(arguments: ProductKernel.available)
    func theLargestWholeNumbers(kernel: ProductKernel) throws {
        let engine = try kernel.engine()
        let (n, k) = (33, 1024)
        for signs in [(1, 1), (-1, 1), (1, -1), (-1, -1)] as [(Float, Float)] {
            let w = [Float](repeating: signs.1, count: n * k)
            let packed = GuardedBuffer<UInt8>(count: unmask_gemm_packed_bytes(kernel.handle, n, k), aligned: true)
            let scratch = GuardedBuffer<Float>(count: unmask_gemm_scratch_floats(kernel.handle, 1, k), aligned: true)
            #expect(
                unmask_gemm_pack(engine.handle, kernel.handle, n, k, w, k, UNMASK_STORAGE_F32, false, packed.base))
            let a = GuardedBuffer([Float](repeating: signs.0, count: k))
            let c = GuardedBuffer<Float>(count: n)
            var gemm = unmask_gemm()
            gemm.kernel = kernel.handle
            (gemm.m, gemm.n, gemm.k, gemm.lda, gemm.ldc) = (1, n, k, k, n)
            (gemm.a, gemm.packed) = (UnsafePointer(a.base), UnsafeRawPointer(packed.base))
            (gemm.c, gemm.scratch) = (c.base, scratch.base)
            unmask_gemm_run(engine.handle, &gemm)
            let expected = signs.0 * signs.1 * Float(k)
            #expect(c.elements.allSatisfy { abs($0 - expected) < 1e-3 }, "\(signs): \(c.elements[0])")
        }
    }

    @Test func sizesThatOverflowAreRefused() {
        for kernel in ProductKernel.available {
            #expect(unmask_gemm_packed_bytes(kernel.handle, .max, 2) == 0)
            #expect(unmask_gemm_packed_bytes(kernel.handle, 1 << 40, 1 << 40) == 0)
            #expect(unmask_gemm_scratch_floats(kernel.handle, .max, .max) == .max)
        }
    }
}
