import CUnmaskKernels
import Testing

/// A row's bits depend on that row alone: not on how many rows there are, which one it is, or how many threads.
@Suite struct SameBitsTests {
    @Test(arguments: ProductKernel.available)
    func rowsOfAProductAloneAndTogether(kernel: ProductKernel) throws {
        let whole = GemmCase(
            m: 61, n: 70, k: 90, bias: true, norm: true, residual: true, activation: UNMASK_ACTIVATION_GELU_ERF)
        let all = whole.run(try kernel.engine(threads: 1), kernel)
        for threads: UInt32 in [1, 2, 3] {
            let engine = try kernel.engine(threads: threads)
            expectSameBits(whole.run(engine, kernel), all, "\(threads) threads")
            for count in 1...17 {
                for start in [0, 23, 61 - count] {
                    let rows = start..<start + count
                    expectSameBits(
                        whole.run(engine, kernel, rows: rows), all[start * 70..<(start + count) * 70],
                        "rows \(rows), \(threads) threads")
                }
            }
        }
    }

    @Test(arguments: ProductKernel.available)
    func rowsOfATallProduct(kernel: ProductKernel) throws {
        let whole = GemmCase(m: 500, n: 33, k: 3072, bias: true)
        let all = whole.run(try kernel.engine(threads: 3), kernel)
        for rows in [0..<1, 250..<255, 483..<500] {
            let part = whole.run(try kernel.engine(threads: 2), kernel, rows: rows)
            expectSameBits(part, all[rows.lowerBound * 33..<rows.upperBound * 33], "rows \(rows)")
        }
    }

    @Test(arguments: ProductKernel.attending)
    func imagesOfAnAttentionAloneAndTogether(kernel: ProductKernel) throws {
        let whole = AttentionCase(batch: 17, heads: 3, headDim: 20, queries: 19, keys: 37, biased: true)
        let all = whole.run(try kernel.engine(threads: 1), kernel)
        let perImage = all.count / 17
        for threads: UInt32 in [1, 2, 3] {
            let engine = try kernel.engine(threads: threads)
            expectSameBits(whole.run(engine, kernel), all, "\(threads) threads")
            for images in [0..<1, 7..<8, 16..<17, 3..<9] {
                let part = whole.run(engine, kernel, images: images)
                expectSameBits(part, all[images.lowerBound * perImage..<images.upperBound * perImage], "\(images)")
            }
        }
    }

    @Test(arguments: ProductKernel.attending)
    func queriesOfAnAttentionAloneAndTogether(kernel: ProductKernel) throws {
        let whole = AttentionCase(batch: 1, heads: 2, headDim: 16, queries: 31, keys: 40)
        let engine = try kernel.engine()
        let all = whole.run(engine, kernel)
        for query in [0, 13, 30] {
            let alone = whole.run(engine, kernel, queries: query..<query + 1)
            expectSameBits(alone, all[query * 32..<(query + 1) * 32], "query \(query)")
        }
    }

    @Test(arguments: ISA.available)
    func rowsOfLayerNormAndSoftmax(isa: ISA) throws {
        var random = Random(3)
        let rows = 300
        let width = 151
        let x = random.floats(rows * width, scale: 4)
        let one = try Engine(isa, threads: 1)
        let three = try Engine(isa, threads: 3)
        for (name, operation) in [("LayerNorm", layerNorm), ("softmax", softmax)] {
            let all = operation(one, x, rows, width)
            expectSameBits(operation(three, x, rows, width), all, "\(name), 3 threads")
            for row in [0, 1, 171, 299] {
                let range = row * width..<(row + 1) * width
                expectSameBits(operation(three, Array(x[range]), 1, width), all[range], "\(name), row \(row)")
            }
        }
    }

    private func layerNorm(_ engine: Engine, _ x: [Float], _ rows: Int, _ width: Int) -> [Float] {
        var y = x
        unmask_f32_layernorm(engine.handle, rows, width, x, width, nil, nil, 1e-6, &y, width)
        return y
    }

    private func softmax(_ engine: Engine, _ x: [Float], _ rows: Int, _ width: Int) -> [Float] {
        var y = x
        unmask_f32_softmax(engine.handle, rows, width, x, width, &y, width)
        return y
    }
}
