import CUnmaskKernels
import Glibc
import Testing

/// Bipartite soft matching (Bolya et al. 2022), merging, and putting back.
@Suite struct MergingTests {
    static let kernels = ProductKernel.available.filter { $0.arithmetic == UNMASK_ARITHMETIC_F32 }

    /// Keys of so many directions, one for each token: tokens of the same direction are alike.
    private func keys(_ directions: [Int], of count: Int) -> [Float] {
        directions.flatMap { direction in (0..<count).map { $0 == direction ? 2 : 0.125 } }
    }

    @Test(arguments: kernels)
    func equalsTheDefinition(kernel: ProductKernel) throws {
        let engine = try kernel.engine()
        var compared = 0
        for (tokens, fixed, merged) in [(4, 1, 1), (17, 1, 5), (16, 1, 7), (40, 0, 20), (41, 5, 18), (197, 1, 16)] {
            for (heads, headDim) in [(1, 8), (3, 20), (2, 64)] {
                var random = Random(UInt64(tokens * 100 + heads))
                let count = 3 * tokens * heads * headDim
                let test = MergeCase(
                    batch: 3, tokens: tokens, fixed: fixed, merged: merged, heads: heads, headDim: headDim,
                    keys: random.floats(count))
                let found = test.run(engine, kernel)
                for image in 0..<3 {
                    let expected = test.expected(image: image)
                    // What hangs on rounding could go either way.
                    guard expected.margin > 1e-6 else { continue }
                    #expect(found.groups[image] == expected.groups, "\(tokens) tokens, \(heads) × \(headDim)")
                    compared += 1
                }
            }
        }
        #expect(compared > 30)
    }

    /// Tokens 1 and 2, 3 and 4 … are alike, and nothing else is.
    @Test(arguments: kernels)
    func knownGroups(kernel: ProductKernel) throws {
        let test = MergeCase(
            batch: 1, tokens: 9, merged: 3, headDim: 6, keys: keys([5, 0, 0, 1, 1, 2, 2, 3, 4], of: 6))
        let found = test.run(try kernel.engine(), kernel)
        #expect(found.groups == [[[0], [8], [1, 2], [3, 4], [5, 6], [7]]])
        #expect(found.sizes == [1, 1, 2, 2, 2, 1])
        #expect(found.bias == found.sizes.map { logf($0) })
        #expect(found.origins == [0, 2, 2, 3, 3, 4, 4, 5, 1])
    }

    /// All keys are one: the first even token takes the first odd ones, whatever the place, the batch and the threads.
    @Test(arguments: kernels)
    func tiesGoToTheFirst(kernel: ProductKernel) throws {
        let test = MergeCase(
            batch: 5, tokens: 33, merged: 7, headDim: 24, keys: [Float](repeating: 0.37, count: 5 * 33 * 24))
        let groups =
            [[0]] + stride(from: 16, to: 33, by: 2).map { [$0] } + [[1, 2, 4, 6, 8, 10, 12, 14]]
            + stride(from: 3, to: 33, by: 2).map { [$0] }
        for threads: UInt32 in [1, 2, 3] {
            #expect(test.run(try kernel.engine(threads: threads), kernel).groups == Array(repeating: groups, count: 5))
        }
    }

    /// Sizes add up, and every token of before is where its group went.
    @Test(arguments: kernels)
    func aSecondMergeGoesOnFromTheFirst(kernel: ProductKernel) throws {
        let test = MergeCase(
            batch: 1, tokens: 5, merged: 2, headDim: 4, keys: keys([3, 0, 0, 1, 1], of: 4), sizes: [1, 3, 2, 1, 4],
            origins: [0, 1, 1, 1, 2, 2, 3, 4, 4, 4, 4])
        let found = test.run(try kernel.engine(), kernel)
        #expect(found.groups == [[[0], [1, 2], [3, 4]]])
        #expect(found.sizes == [1, 5, 5])
        #expect(found.origins == [0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2])
    }

    /// Nothing merged, half merged, nothing that could be, and keys that no cosine is known of.
    @Test(arguments: kernels)
    func bounds(kernel: ProductKernel) throws {
        let engine = try kernel.engine()
        var random = Random(9)
        let none = MergeCase(batch: 2, tokens: 6, merged: 0, headDim: 4, keys: random.floats(48))
        #expect(none.run(engine, kernel).groups == Array(repeating: [[0], [2], [4], [1], [3], [5]], count: 2))
        for tokens in 1...4 {
            let merged = (tokens - 1) / 2
            let test = MergeCase(
                batch: 1, tokens: tokens, merged: merged, headDim: 4, keys: random.floats(tokens * 4))
            let found = test.run(engine, kernel)
            #expect(
                found.groups[0].count == tokens - merged
                    && found.groups[0].flatMap(\.self).sorted() == Array(0..<tokens))
        }
        for odd: Float in [.nan, .infinity, 0] {
            let test = MergeCase(
                batch: 1, tokens: 20, merged: 9, headDim: 4, keys: [Float](repeating: odd, count: 80))
            let found = test.run(engine, kernel)
            #expect(found.groups[0].flatMap(\.self).sorted() == Array(0..<20))
            #expect(found.sizes.reduce(0, +) == 20)
        }
        #expect(unmask_matching_scratch_floats(engine.handle, kernel.handle, .max, .max, 1, .max) == .max)
    }

    @Test(arguments: kernels)
    func sameBitsInAnyCompany(kernel: ProductKernel) throws {
        var random = Random(3)
        let test = MergeCase(
            batch: 9, tokens: 50, merged: 11, heads: 2, headDim: 16, keys: random.floats(9 * 50 * 32))
        let all = test.run(try kernel.engine(threads: 1), kernel)
        for threads: UInt32 in [1, 2, 3] {
            let engine = try kernel.engine(threads: threads)
            #expect(test.run(engine, kernel) == all)
            for images in [0..<1, 4..<6, 8..<9] {
                #expect(test.run(engine, kernel, images: images).groups == Array(all.groups[images]))
            }
        }
    }

    @Test(arguments: ISA.available)
    func averagesAreWeightedAndPutBack(isa: ISA) throws {
        let engine = try Engine(isa, threads: 3)
        let (tokens, left, width) = (5, 3, 37)
        var random = Random(5)
        let x = GuardedBuffer(random.floats(2 * tokens * width))
        let members = GuardedBuffer<Int32>([0, 1, 4, 2, 3, 0, 3, 1, 2, 4])
        let starts = GuardedBuffer<Int32>([0, 1, 3, 5, 0, 1, 2, 5])
        let sizes = GuardedBuffer<Float>([1, 3, 2, 1, 5, 1, 1, 4, 2, 1])
        let out = GuardedBuffer<Float>(count: 2 * left * width)
        unmask_f32_merge_tokens(
            engine.handle, 2, tokens, left, width, x.base, members.base, starts.base, sizes.base, out.base)
        let groups = [[[0], [1, 4], [2, 3]], [[0], [3], [1, 2, 4]]]
        var expected: [Expected] = []
        for image in 0..<2 {
            for group in groups[image] {
                let weights = group.map { Double(sizes.elements[image * tokens + $0]) }
                for i in 0..<width {
                    let values = group.map { Double(x.elements[(image * tokens + $0) * width + i]) }
                    let sum = zip(weights, values).reduce(0) { $0 + $1.0 * $1.1 }
                    expected.append(Expected(value: sum / weights.reduce(0, +), tolerance: 8 * roundoff))
                }
            }
        }
        expectClose(out.array, expected)
        // A token alone is not touched.
        expectSameBits(out.elements[..<width], x.elements[..<width])

        let origins = GuardedBuffer<Int32>([0, 1, 2, 2, 1, 0, 2, 2, 1, 2])
        let whole = GuardedBuffer<Float>(count: 2 * tokens * width)
        unmask_f32_unmerge_tokens(engine.handle, 2, left, tokens, width, out.base, origins.base, whole.base)
        for row in 0..<2 * tokens {
            let from = row / tokens * left + Int(origins.elements[row])
            expectSameBits(
                whole.elements[row * width..<(row + 1) * width], out.elements[from * width..<(from + 1) * width])
        }
    }
}
