import CUnmaskKernels
import Testing

@Suite struct AttentionTests {
    @Test(arguments: ISA.available)
    func equalsNaiveAttention(isa: ISA) throws {
        let engine = try Engine(isa)
        for headDim in [1, 5, 16, 32, 33, 64, 80, 96] {
            for (queries, keys) in [(1, 1), (1, 50), (17, 13), (14, 32), (15, 33), (29, 16), (6, 65)] {
                let attention = AttentionCase(batch: 2, heads: 3, headDim: headDim, queries: queries, keys: keys)
                expectClose(attention.run(engine), attention.expected, "\(attention)")
            }
        }
    }

    @Test(arguments: ISA.available)
    func readsJointRows(isa: ISA) throws {
        let engine = try Engine(isa, threads: 3)
        let attention = AttentionCase(batch: 3, heads: 4, headDim: 24, queries: 50, keys: 50, joint: true)
        expectClose(attention.run(engine), attention.expected, "\(attention)")
    }

    @Test(arguments: ISA.available)
    func readsHeadsThatComeBeforeTokens(isa: ISA) throws {
        let engine = try Engine(isa, threads: 3)
        let attention = AttentionCase(batch: 3, heads: 4, headDim: 24, queries: 7, keys: 50, headsFirst: true)
        expectClose(attention.run(engine), attention.expected, "\(attention)")
    }

    /// Scores in the hundreds: one key takes all, and nothing overflows.
    @Test(arguments: ISA.available)
    func largeScoresAreSafe(isa: ISA) throws {
        let attention = AttentionCase(batch: 1, heads: 1, headDim: 16, queries: 9, keys: 20, range: 30)
        expectClose(attention.run(try Engine(isa)), attention.expected, "\(attention)")
    }

    @Test(arguments: ISA.available)
    func scratchDoesNotGrowWithTheBatch(isa: ISA) throws {
        let engine = try Engine(isa)
        let attention = AttentionCase(batch: 40, heads: 1, headDim: 8, queries: 3, keys: 5)
        expectClose(attention.run(engine), attention.expected, "\(attention)")
        #expect(unmask_f32_attention_scratch_floats(engine.handle, 2, .max, 3, .max) == .max)
    }
}
