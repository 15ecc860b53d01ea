import CUnmaskKernels
import Testing

@Suite struct AttentionTests {
    @Test(arguments: ProductKernel.attending)
    func equalsNaiveAttention(kernel: ProductKernel) throws {
        let engine = try kernel.engine()
        for headDim in [1, 5, 16, 32, 33, 64, 80, 96] {
            for (queries, keys) in [(1, 1), (1, 50), (17, 13), (14, 32), (15, 33), (29, 16), (6, 65)] {
                let attention = AttentionCase(batch: 2, heads: 3, headDim: headDim, queries: queries, keys: keys)
                expectClose(attention.run(engine, kernel), attention.expected(kernel.arithmetic), "\(attention)")
            }
        }
    }

    @Test(arguments: ProductKernel.attending)
    func readsJointRows(kernel: ProductKernel) throws {
        let engine = try kernel.engine(threads: 3)
        let attention = AttentionCase(batch: 3, heads: 4, headDim: 24, queries: 50, keys: 50, joint: true)
        expectClose(attention.run(engine, kernel), attention.expected(kernel.arithmetic), "\(attention)")
    }

    @Test(arguments: ProductKernel.attending)
    func readsHeadsThatComeBeforeTokens(kernel: ProductKernel) throws {
        let engine = try kernel.engine(threads: 3)
        let attention = AttentionCase(batch: 3, heads: 4, headDim: 24, queries: 7, keys: 50, headsFirst: true)
        expectClose(attention.run(engine, kernel), attention.expected(kernel.arithmetic), "\(attention)")
    }

    @Test(arguments: ProductKernel.attending)
    func addsABiasToEachKey(kernel: ProductKernel) throws {
        for keys in [1, 16, 31, 50] {
            let attention = AttentionCase(batch: 3, heads: 2, headDim: 24, queries: 17, keys: keys, biased: true)
            let found = attention.run(try kernel.engine(threads: 3), kernel)
            expectClose(found, attention.expected(kernel.arithmetic), "\(attention)")
        }
    }

    /// A bias of all pairs of tokens, and of some of them in another order.
    @Test(arguments: ProductKernel.attending)
    func addsABias(kernel: ProductKernel) throws {
        let engine = try kernel.engine(threads: 3)
        for tokens in [1, 5, 33, 50] {
            var attention = AttentionCase(batch: 2, heads: 3, headDim: 24, queries: tokens, keys: tokens, joint: true)
            attention.biasTokens = tokens
            expectClose(attention.run(engine, kernel), attention.expected(kernel.arithmetic), "\(attention)")
        }
        for (prefix, kept) in [(0, 7), (1, 20), (3, 33)] {
            var attention = AttentionCase(
                batch: 2, heads: 2, headDim: 16, queries: prefix + kept, keys: prefix + kept, joint: true)
            attention.biasTokens = prefix + kept + 5
            attention.ids = [(0..<kept).map { Int32(kept + 4 - $0) }, (0..<kept).map { Int32($0) }]
            expectClose(attention.run(engine, kernel), attention.expected(kernel.arithmetic), "\(prefix) + \(kept)")
        }
    }

    /// Tables of a grid's rows and columns: lines shorter than a vector, as long, longer; panels that begin within.
    @Test(arguments: ProductKernel.attending)
    func relatesPlacesOfAGrid(kernel: ProductKernel) throws {
        let engine = try kernel.engine(threads: 3)
        for (rows, columns, headDim) in [
            (1, 1, 3), (3, 5, 20), (7, 7, 16), (14, 14, 9), (2, 16, 33), (4, 17, 80), (40, 1, 8), (3, 32, 24),
        ] {
            let tokens = rows * columns
            let attention = AttentionCase(
                batch: 2, heads: 2, headDim: headDim, queries: tokens, keys: tokens, joint: true,
                grid: (rows, columns))
            let found = attention.run(engine, kernel)
            expectClose(found, attention.expected(kernel.arithmetic), "\(attention)")
            expectSameBits(
                attention.run(try kernel.engine(), kernel, images: 1..<2), Array(found.suffix(found.count / 2)))
        }
    }

    /// Scores in the hundreds: one key takes all, and nothing overflows.
    @Test(arguments: ProductKernel.attending)
    func largeScoresAreSafe(kernel: ProductKernel) throws {
        let attention = AttentionCase(batch: 1, heads: 1, headDim: 16, queries: 9, keys: 20, range: 30)
        expectClose(attention.run(try kernel.engine(), kernel), attention.expected(kernel.arithmetic), "\(attention)")
    }

    @Test(arguments: ProductKernel.attending)
    func scratchDoesNotGrowWithTheBatch(kernel: ProductKernel) throws {
        let engine = try kernel.engine()
        let attention = AttentionCase(batch: 40, heads: 1, headDim: 8, queries: 3, keys: 5)
        expectClose(attention.run(engine, kernel), attention.expected(kernel.arithmetic), "\(attention)")
        #expect(unmask_attention_scratch_floats(engine.handle, kernel.handle, .max, 3, .max, 0, 0) == .max)
        #expect(unmask_attention_scratch_floats(engine.handle, kernel.handle, 8, 3, 5, .max / 2, 5) == .max)
    }
}
