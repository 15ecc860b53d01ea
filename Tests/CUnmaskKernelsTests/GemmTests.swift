import CUnmaskKernels
import Testing

@Suite struct GemmTests {
    /// Around the tiles of all rows (4×8, 6×16, 14×32), primes, 1.
    static let heights = [1, 3, 4, 5, 6, 7, 13, 14, 15, 29, 61]
    static let widths = [1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 67]
    static let depths = [1, 3, 4, 5, 8, 15, 16, 17, 31, 64, 97]

    @Test(arguments: ISA.available)
    func productEqualsDoubleReference(isa: ISA) throws {
        let engine = try Engine(isa)
        for m in Self.heights {
            for n in Self.widths {
                for k in Self.depths where (m + n + k) % 7 == 0 || (m >= 13 && m <= 15 && n == 32) {
                    let product = GemmCase(m: m, n: n, k: k, bias: true, gap: (m + n) % 3)
                    expectClose(product.run(engine), product.expected, "\(product)")
                }
            }
        }
    }

    @Test(arguments: ISA.available)
    func everyFusionEqualsDoubleReference(isa: ISA) throws {
        let engine = try Engine(isa)
        let activations = [UNMASK_ACTIVATION_NONE, UNMASK_ACTIVATION_GELU_ERF, UNMASK_ACTIVATION_GELU_TANH]
        for number in 0..<96 {
            let product = GemmCase(
                m: 31, n: 45, k: 50, bias: number & 1 != 0, norm: number & 2 != 0, residual: number & 4 != 0,
                inPlace: number & 8 != 0, transposed: number & 16 != 0, activation: activations[number / 32], gap: 3,
                seed: UInt64(number))
            expectClose(product.run(engine), product.expected, "\(product)")
        }
    }

    /// More rows than one slab of scratch and one block of cache hold.
    @Test(arguments: ISA.available)
    func manyRowsEqualDoubleReference(isa: ISA) throws {
        let engine = try Engine(isa)
        let product = GemmCase(m: 700, n: 9, k: 3072, bias: true, residual: true, gap: 1)
        expectClose(product.run(engine), product.expected, "\(product)")
        #expect(
            unmask_f32_gemm_scratch_floats(engine.handle, 1 << 20, 9, 3072, false) < 4 << 20,
            "scratch must not grow with the rows")
    }

    @Test(arguments: ISA.available)
    func anEmptyProductIsBiasAndResidual(isa: ISA) throws {
        let engine = try Engine(isa)
        let product = GemmCase(m: 3, n: 5, k: 0, bias: true, residual: true)
        expectClose(product.run(engine), product.expected)
        #expect(GemmCase(m: 0, n: 5, k: 3).run(engine).isEmpty)
    }

    @Test(arguments: ISA.available)
    func notANumberStaysInItsRow(isa: ISA) throws {
        let engine = try Engine(isa)
        let k = 20
        let n = 40
        let m = 17
        var random = Random(5)
        let w = random.floats(n * k)
        var a = random.floats(m * k)
        a[9 * k + 3] = .nan
        let packed = GuardedBuffer<UInt8>(count: unmask_f32_gemm_packed_bytes(engine.handle, n, k), aligned: true)
        let scratch = GuardedBuffer<Float>(
            count: unmask_f32_gemm_scratch_floats(engine.handle, m, n, k, false), aligned: true)
        unmask_f32_gemm_pack(engine.handle, n, k, w, k, UNMASK_STORAGE_F32, false, packed.base)
        var c = [Float](repeating: 0, count: m * n)
        for activation in [UNMASK_ACTIVATION_NONE, UNMASK_ACTIVATION_GELU_ERF, UNMASK_ACTIVATION_GELU_TANH] {
            a.withUnsafeBufferPointer { a in
                c.withUnsafeMutableBufferPointer { c in
                    var gemm = unmask_f32_gemm()
                    (gemm.m, gemm.n, gemm.k, gemm.lda, gemm.ldc) = (m, n, k, k, n)
                    gemm.a = a.baseAddress
                    gemm.packed = UnsafeRawPointer(packed.base)
                    gemm.activation = activation
                    gemm.c = c.baseAddress
                    gemm.scratch = scratch.base
                    unmask_f32_gemm_run(engine.handle, &gemm)
                }
            }
            for r in 0..<m {
                #expect(c[r * n..<(r + 1) * n].allSatisfy { $0.isNaN == (r == 9) }, "row \(r)")
            }
        }
    }

    @Test func sizesThatOverflowAreRefused() throws {
        let engine = try Engine(.scalar, threads: 1)
        #expect(unmask_f32_gemm_packed_bytes(engine.handle, .max, 2) == 0)
        #expect(unmask_f32_gemm_packed_bytes(engine.handle, 1 << 40, 1 << 40) == 0)
        #expect(unmask_f32_gemm_scratch_floats(engine.handle, .max, 2, .max, true) == .max)
    }
}
