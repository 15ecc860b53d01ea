import CUnmaskKernels

/// Keys [B, T, H, Dh], tokens' sizes, and where the tokens of before any merge are now.
struct MergeCase {
    var batch: Int
    var tokens: Int
    var fixed = 1
    var merged: Int
    var heads = 1
    var headDim: Int
    var keys: [Float]
    var sizes: [Float]?
    var origins: [Int32]?

    var sources: Int { (origins?.count ?? batch * tokens) / batch }
    var left: Int { tokens - merged }

    /// What became of each image's tokens.
    struct Result: Equatable {
        /// Of each image, the tokens of each group.
        var groups: [[[Int]]]
        var sizes: [Float]
        var bias: [Float]
        var origins: [Int32]
    }

    func run(_ engine: Engine, _ kernel: ProductKernel, images: Range<Int>? = nil) -> Result {
        let images = images ?? 0..<batch
        let width = heads * headDim
        func part<T>(_ values: [T], _ count: Int) -> ArraySlice<T> {
            values[images.lowerBound * count..<images.upperBound * count]
        }
        let keys = SpreadRows(part(self.keys, tokens * width), width: width, gap: 3)
        let sizes = self.sizes.map { GuardedBuffer(part($0, tokens)) }
        let origins = self.origins.map { GuardedBuffer(part($0, sources)) }
        let members = GuardedBuffer<Int32>(count: images.count * tokens)
        let starts = GuardedBuffer<Int32>(count: images.count * (left + 1))
        let leftSizes = GuardedBuffer<Float>(count: images.count * left)
        let bias = GuardedBuffer<Float>(count: images.count * left)
        let leftOrigins = GuardedBuffer<Int32>(count: images.count * sources)
        let scratch = GuardedBuffer<Float>(
            count: unmask_matching_scratch_floats(
                engine.handle, kernel.handle, images.count, tokens, fixed, headDim), aligned: true)
        scratch.elements.update(repeating: .nan)
        var call = unmask_matching()
        call.kernel = kernel.handle
        (call.batch, call.tokens, call.fixed, call.merged) = (images.count, tokens, fixed, merged)
        (call.heads, call.head_dim, call.sources) = (heads, headDim, sources)
        call.keys = unmask_heads(
            base: keys.base, batch_stride: tokens * keys.stride, token_stride: keys.stride, head_stride: headDim)
        call.sizes = sizes.map { UnsafePointer($0.base) }
        call.origins = origins.map { UnsafePointer($0.base) }
        (call.members, call.starts, call.left_sizes) = (members.base, starts.base, leftSizes.base)
        (call.bias, call.left_origins, call.scratch) = (bias.base, leftOrigins.base, scratch.base)
        withExtendedLifetime((keys, sizes, origins)) { unmask_match_tokens(engine.handle, &call) }
        let groups = (0..<images.count).map { image in
            (0..<left).map { group in
                let at = image * (left + 1) + group
                return (starts.elements[at]..<starts.elements[at + 1]).map {
                    Int(members.elements[image * tokens + Int($0)])
                }
            }
        }
        return Result(groups: groups, sizes: leftSizes.array, bias: bias.array, origins: leftOrigins.array)
    }

    /// Bolya et al.'s matching of one image in Double, and the least difference that a decision hung on.
    func expected(image: Int) -> (groups: [[Int]], margin: Double) {
        let width = heads * headDim
        let means = (0..<tokens).map { token in
            (0..<headDim).map { d in
                (0..<heads).reduce(0.0) { $0 + Double(keys[(image * tokens + token) * width + $1 * headDim + d]) }
            }
        }
        func cosine(_ a: [Double], _ b: [Double]) -> Double {
            func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
            return dot(a, b) / (dot(a, a) * dot(b, b)).squareRoot()
        }
        let even = Array(stride(from: fixed, to: tokens, by: 2))
        let odd = Array(stride(from: fixed + 1, to: tokens, by: 2))
        var margin = 1.0
        let best = odd.map { token -> (score: Double, into: Int) in
            let scores = even.map { cosine(means[token], means[$0]) }
            let order = scores.indices.sorted { (-scores[$0], $0) < (-scores[$1], $1) }
            if scores.count > 1 { margin = min(margin, scores[order[0]] - scores[order[1]]) }
            return (scores[order[0]], even[order[0]])
        }
        let order = best.indices.sorted { (-best[$0].score, $0) < (-best[$1].score, $1) }
        for (a, b) in zip(order, order.dropFirst()) { margin = min(margin, best[a].score - best[b].score) }
        let chosen = Set(order.prefix(merged))
        var groups = (0..<fixed).map { [$0] }
        groups += odd.indices.filter { !chosen.contains($0) }.map { [odd[$0]] }
        groups += even.map { token in
            [token] + odd.indices.filter { chosen.contains($0) && best[$0].into == token }.map { odd[$0] }
        }
        return (groups, margin)
    }
}
