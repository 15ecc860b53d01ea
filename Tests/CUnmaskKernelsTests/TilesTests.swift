import CUnmaskKernels
import Testing

/// Rows of bfloat16 that lie as tiles between products: the numbers of rows of float32, rounded once, and so their bits.
@Suite struct TilesTests {
    private static let kernels = ProductKernel.ofTiles.filter { $0.arithmetic == UNMASK_ARITHMETIC_BF16 }

    /// [rows, width] from tiles.
    private func rows(_ tiles: GuardedBuffer<UInt8>, _ rows: Int, _ width: Int) -> [Float] {
        let halves = tiles.base.withMemoryRebound(to: UInt16.self, capacity: tiles.elements.count / 2) {
            UnsafeBufferPointer(start: $0, count: tiles.elements.count / 2)
        }
        return (0..<rows * width).map { place in
            let (row, column) = place.quotientAndRemainder(dividingBy: width)
            let line = (row / 16 * (width / 32) + column / 32) * 16 + row % 16
            return Float(bitPattern: UInt32(halves[line * 32 + column % 32]) << 16)
        }
    }

    private func tiles(_ rows: Int, _ width: Int) -> GuardedBuffer<UInt8> {
        let buffer = GuardedBuffer<UInt8>(count: unmask_tiles_bytes(rows, width), aligned: true)
        buffer.elements.update(repeating: 0x7f)  // as a number, larger than any that is right
        return buffer
    }

    private func floats(_ tiles: GuardedBuffer<UInt8>) -> UnsafeMutablePointer<Float> {
        UnsafeMutableRawPointer(tiles.base).assumingMemoryBound(to: Float.self)
    }

    /// Two layers, [m, k] to [m, n] to [m, p]: what is between them in a form, and the result.
    private struct Layers {
        var m, k, n, p: Int

        static let cases = [
            Layers(m: 1, k: 5, n: 32, p: 33), Layers(m: 16, k: 64, n: 96, p: 8), Layers(m: 17, k: 33, n: 64, p: 64),
            Layers(m: 197, k: 96, n: 160, p: 40), Layers(m: 700, k: 40, n: 1056, p: 70),
        ]

        func run(_ kernel: ProductKernel, _ form: unmask_form, between: UnsafeMutablePointer<Float>) throws -> [Float] {
            let engine = try kernel.engine(threads: 2)
            var random = Random(UInt64(m))
            let (a, w, bias) = (random.floats(m * k, scale: 3), random.floats(n * k), random.floats(n))
            let second = random.floats(p * n)
            func packed(_ n: Int, _ k: Int, _ w: [Float]) -> GuardedBuffer<UInt8> {
                let buffer = GuardedBuffer<UInt8>(count: unmask_gemm_packed_bytes(kernel.handle, n, k), aligned: true)
                #expect(
                    unmask_gemm_pack(engine.handle, kernel.handle, n, k, w, k, UNMASK_STORAGE_F32, false, buffer.base))
                return buffer
            }
            let (weights, more) = (packed(n, k, w), packed(p, n, second))
            let scratch = GuardedBuffer<Float>(
                count: max(
                    unmask_gemm_scratch_floats(kernel.handle, m, k), unmask_gemm_scratch_floats(kernel.handle, m, n)),
                aligned: true)
            let (x, offsets, result) = (GuardedBuffer(a), GuardedBuffer(bias), GuardedBuffer<Float>(count: m * p))
            var first = unmask_gemm()
            first.kernel = kernel.handle
            (first.m, first.n, first.k, first.lda, first.ldc) = (m, n, k, k, n)
            (first.a, first.packed) = (UnsafePointer(x.base), UnsafeRawPointer(weights.base))
            (first.bias, first.activation) = (UnsafePointer(offsets.base), UNMASK_ACTIVATION_GELU_ERF)
            (first.c_form, first.c, first.scratch) = (form, between, scratch.base)
            unmask_gemm_run(engine.handle, &first)
            var then = unmask_gemm()
            then.kernel = kernel.handle
            (then.m, then.n, then.k, then.lda, then.ldc) = (m, p, n, n, p)
            (then.a_form, then.a) = (form, UnsafePointer(between))
            (then.packed, then.c, then.scratch) = (UnsafeRawPointer(more.base), result.base, scratch.base)
            withExtendedLifetime((weights, more, scratch, x, offsets)) { unmask_gemm_run(engine.handle, &then) }
            return result.array
        }
    }

    @Test(arguments: kernels)
    func aProductReadsWhatAnotherWrites(kernel: ProductKernel) throws {
        for layers in Layers.cases {
            let (hidden, between) = (GuardedBuffer<Float>(count: layers.m * layers.n), tiles(layers.m, layers.n))
            let plain = try layers.run(kernel, UNMASK_FORM_ROWS, between: hidden.base)
            let tiled = try layers.run(kernel, UNMASK_FORM_TILES, between: floats(between))
            expectSameBits(rows(between, layers.m, layers.n), hidden.array.map(Reference.bf16), "\(layers)")
            expectSameBits(tiled, plain, "\(layers)")
        }
    }

    /// int8 rounds what it reads once more, to a grid of the row's own: from tiles as from rows of the same numbers, on every
    /// processor.
    @Test(arguments: ProductKernel.available.filter { $0.arithmetic == UNMASK_ARITHMETIC_I8 })
    func wholeNumbersAreTheSameFromEither(kernel: ProductKernel) throws {
        let isTiled = ProductKernel.ofTiles.contains { $0.handle == kernel.handle }
        for layers in Layers.cases {
            let (hidden, rounded) = (
                GuardedBuffer<Float>(count: layers.m * layers.n), GuardedBuffer<Float>(count: layers.m * layers.n)
            )
            _ = try layers.run(kernel, UNMASK_FORM_ROWS, between: hidden.base)
            let found = try layers.run(kernel, UNMASK_FORM_ROUNDED, between: rounded.base)
            expectSameBits(rounded.array, hidden.array.map(Reference.bf16), "\(layers)")
            guard isTiled else { continue }
            let between = tiles(layers.m, layers.n)
            expectSameBits(try layers.run(kernel, UNMASK_FORM_TILES, between: floats(between)), found, "\(layers)")
            expectSameBits(rows(between, layers.m, layers.n), rounded.array, "\(layers)")
        }
    }

    /// Scales are powers of two, so that queries may be scaled before or after they are rounded.
    @Test(arguments: kernels)
    func attentionReadsAndWritesThem(kernel: ProductKernel) throws {
        for (batch, heads, width, tokens) in [
            (1, 1, 64, 1), (2, 3, 64, 17), (3, 2, 64, 50), (1, 2, 256, 33), (2, 2, 64, 197),
        ] {
            let engine = try kernel.engine(threads: 2)
            let (rows, columns) = (batch * tokens, heads * width)
            var random = Random(UInt64(tokens))
            let joint = random.floats(rows * 3 * columns, scale: 2)
            let operand = GuardedBuffer(joint)
            let tiled = tiles(rows, 3 * columns)
            fill(tiled, joint, rows, 3 * columns)
            let (plain, out) = (GuardedBuffer<Float>(count: rows * columns), self.tiles(rows, columns))
            let scratch = GuardedBuffer<Float>(
                count: unmask_attention_scratch_floats(engine.handle, kernel.handle, width, tokens, tokens, 0, 0),
                aligned: true)
            for form in [UNMASK_FORM_ROWS, UNMASK_FORM_TILES] {
                let isTiled = form == UNMASK_FORM_TILES
                let base = isTiled ? floats(tiled) : operand.base
                func placed(_ part: Int) -> unmask_heads {
                    let start = isTiled ? unmask_tiles_column(part * columns) : part * columns
                    return unmask_heads(
                        base: base + start, batch_stride: tokens * 3 * columns, token_stride: 3 * columns,
                        head_stride: width)
                }
                var attention = unmask_attention()
                attention.kernel = kernel.handle
                (attention.batch, attention.heads, attention.head_dim) = (batch, heads, width)
                (attention.queries, attention.keys, attention.scale) = (tokens, tokens, 1 / Float(width).squareRoot())
                (attention.qkv_form, attention.out_form) = (form, form)
                (attention.q, attention.k, attention.v) = (placed(0), placed(1), placed(2))
                attention.out = isTiled ? floats(out) : plain.base
                (attention.out_stride, attention.scratch) = (columns, scratch.base)
                withExtendedLifetime((operand, tiled, plain, out, scratch)) {
                    unmask_attention_run(engine.handle, &attention)
                }
            }
            expectSameBits(
                self.rows(out, rows, columns), plain.array.map(Reference.bf16),
                "\(batch) × \(heads) heads, \(tokens) tokens")
        }
    }

    /// Rows as tiles.
    private func fill(_ tiles: GuardedBuffer<UInt8>, _ x: [Float], _ rows: Int, _ width: Int) {
        tiles.base.withMemoryRebound(to: UInt16.self, capacity: tiles.elements.count / 2) { halves in
            for row in 0..<rows {
                for column in 0..<width {
                    let line = (row / 16 * (width / 32) + column / 32) * 16 + row % 16
                    halves[line * 32 + column % 32] = UInt16(Reference.bf16(x[row * width + column]).bitPattern >> 16)
                }
            }
        }
    }

    @Test func bytesOfTiles() {
        #expect(unmask_tiles_bytes(1, 32) == 1024)
        #expect(unmask_tiles_bytes(17, 64) == 4096)
        #expect(unmask_tiles_bytes(16, 33) == 0)
        #expect(unmask_tiles_bytes(1 << 60, 1 << 20) == 0)
        #expect(unmask_tiles_column(96) == 3 * 256)
    }
}
