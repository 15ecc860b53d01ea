import CUnmaskKernels
import Testing

/// Products by tile registers, of AMX where this machine has them and of their model: the same code.
@Suite struct TileKernelTests {
    /// a [m, k] · w [n, k]ᵀ, nothing around it.
    private func product(
        _ kernel: ProductKernel, m: Int, n: Int, k: Int, _ a: [Float], _ w: [Float], threads: UInt32 = 2
    ) throws -> [Float] {
        let engine = try kernel.engine(threads: threads)
        let packed = GuardedBuffer<UInt8>(count: unmask_gemm_packed_bytes(kernel.handle, n, k), aligned: true)
        let scratch = GuardedBuffer<Float>(count: unmask_gemm_scratch_floats(kernel.handle, m, k), aligned: true)
        #expect(unmask_gemm_pack(engine.handle, kernel.handle, n, k, w, k, UNMASK_STORAGE_F32, false, packed.base))
        let rows = GuardedBuffer(a)
        let c = GuardedBuffer<Float>(count: m * n)
        var gemm = unmask_gemm()
        gemm.kernel = kernel.handle
        (gemm.m, gemm.n, gemm.k, gemm.lda, gemm.ldc) = (m, n, k, k, n)
        (gemm.a, gemm.packed) = (UnsafePointer(rows.base), UnsafeRawPointer(packed.base))
        (gemm.c, gemm.scratch) = (c.base, scratch.base)
        unmask_gemm_run(engine.handle, &gemm)
        return c.array
    }

    private func flushed(_ x: Float) -> Float { abs(x) < .leastNormalMagnitude ? 0 * x : x }

    /// TDPBF16PS as Intel's manual reads, 32 numbers of k after 32: even and odd ones in chains of fused multiply-adds from
    /// zero, which are added to one another and to the sum; denormal operands and results are zeros.
    private func manualsOwn(m: Int, n: Int, k: Int, _ a: [Float], _ w: [Float]) -> [Float] {
        let a = a.map { flushed(Reference.bf16(flushed($0))) }
        let w = w.map { flushed(Reference.bf16(flushed($0))) }
        var result: [Float] = []
        for row in 0..<m {
            for column in 0..<n {
                var sum: Float = 0
                for chunk in stride(from: 0, to: k, by: 32) {
                    var chains: [Float] = [0, 0]
                    for i in chunk..<min(chunk + 32, k) {
                        chains[i % 2] = flushed(chains[i % 2].addingProduct(a[row * k + i], w[column * k + i]))
                    }
                    sum = flushed(sum + flushed(chains[0] + chains[1]))
                }
                result.append(sum)
            }
        }
        return result
    }

    private static let bf16 = ProductKernel.ofTiles.filter { $0.arithmetic == UNMASK_ARITHMETIC_BF16 }

    /// Heights around one and two tiles, k around whole chunks and cut in parts.
    @Test(arguments: bf16)
    func bfloat16SumsAreTheManualsOwn(kernel: ProductKernel) throws {
        for (m, n, k) in [(1, 1, 1), (16, 32, 32), (17, 33, 31), (35, 40, 197), (50, 3, 1025), (19, 5, 3072)] {
            var random = Random(UInt64(m))
            let (a, w) = (random.floats(m * k, scale: 3), random.floats(n * k))
            expectSameBits(
                try product(kernel, m: m, n: n, k: k, a, w), manualsOwn(m: m, n: n, k: k, a, w), "[\(m), \(n), \(k)]")
        }
    }

    /// Products on both sides of the smallest normal number; operands below it.
    @Test(arguments: bf16)
    func denormalNumbersAreZeros(kernel: ProductKernel) throws {
        let (m, n) = (20, 34)
        for k in [2, 40] {
            var random = Random(7)
            let a = random.floats(m * k, scale: 1e-19)
            let w = random.floats(n * k, scale: 2e-19)
            let found = try product(kernel, m: m, n: n, k: k, a, w)
            #expect(found.contains { $0 != 0 } && (k > 2 || found.contains(0)))
            #expect(found == manualsOwn(m: m, n: n, k: k, a, w))
        }
        let tiny = [Float](repeating: .leastNormalMagnitude / 16, count: m)
        let large = [Float](repeating: 1e30, count: n)
        #expect(try product(kernel, m: m, n: n, k: 1, tiny, large).allSatisfy { $0 == 0 })
    }

    /// More rows than wait between the parts of a long k at once: on one thread, so that a task has them all.
    @Test(arguments: ProductKernel.ofTiles)
    func partsOfALongProduct(kernel: ProductKernel) throws {
        let k = kernel.arithmetic == UNMASK_ARITHMETIC_BF16 ? 1056 : 2112
        let whole = GemmCase(
            m: 600, n: 35, k: k, bias: true, residual: true, activation: UNMASK_ACTIVATION_GELU_ERF, gap: 1)
        let all = whole.run(try kernel.engine(threads: 1), kernel)
        let rows = [0, 15, 16, 31, 32, 511, 512, 513, 599]
        expectClose(rows.flatMap { all[$0 * 35..<($0 + 1) * 35] }, whole.expected(kernel.arithmetic, rows: rows))
        for part in [0..<1, 500..<530, 599..<600] {
            expectSameBits(
                whole.run(try kernel.engine(), kernel, rows: part), all[part.lowerBound * 35..<part.upperBound * 35])
        }
    }

    /// ViT-B's tokens: twelve whole tiles and one of five rows.
    @Test(arguments: ProductKernel.ofTiles)
    func tokensOfAnImage(kernel: ProductKernel) throws {
        let product = GemmCase(m: 197, n: 96, k: 768, bias: true, norm: true, inPlace: true, gap: 2)
        let found = product.run(try kernel.engine(), kernel)
        let rows = [0, 100, 191, 192, 196]
        expectClose(rows.flatMap { found[$0 * 96..<($0 + 1) * 96] }, product.expected(kernel.arithmetic, rows: rows))
    }
}
