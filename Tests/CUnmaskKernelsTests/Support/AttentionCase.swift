import CUnmaskKernels
import Glibc

/// One attention over joint rows [B, N, 3, H, Dh] when queries and keys are as many and `joint`, else over separate
/// matrices whose rows lie 5 numbers apart.
struct AttentionCase: CustomStringConvertible {
    var batch: Int
    var heads: Int
    var headDim: Int
    var queries: Int
    var keys: Int
    var joint = false
    /// Whether heads come before tokens, [B, H, N, Dh].
    var headsFirst = false
    /// Whether each key of each image has a bias: logarithms of 1 to 9.
    var biased = false
    var range: Float = 1
    /// Tokens that a bias is for; nil: there is none.
    var biasTokens: Int?
    /// Of each image, which of the bias's last tokens the last ones are; nil: in order.
    var ids: [[Int32]]?
    /// Rows and columns of a grid whose places the tokens are, with tables of them; nil: of none.
    var grid: (rows: Int, columns: Int)?
    var seed: UInt64 = 1

    var scale: Float { 1 / Float(headDim).squareRoot() }
    var width: Int { heads * headDim }

    var description: String {
        "batch \(batch) heads \(heads) × \(headDim), \(queries) queries, \(keys) keys, joint \(joint), heads first \(headsFirst), biased \(biased), grid \(grid.map { "\($0)" } ?? "none")"
    }

    /// [B, keys].
    var keyBias: [Float] { (0..<batch * keys).map { logf(Float(1 + $0 * 5 % 9)) } }

    /// q [B, queries, H, Dh], then k and v [B, keys, H, Dh].
    var operands: (q: [Float], k: [Float], v: [Float]) {
        var random = Random(seed)
        return (
            random.floats(batch * queries * width, scale: range), random.floats(batch * keys * width, scale: range),
            random.floats(batch * keys * width)
        )
    }

    /// [heads, biasTokens, biasTokens].
    var bias: [Float] {
        var random = Random(seed + 1)
        return random.floats(heads * (biasTokens ?? 0) * (biasTokens ?? 0), scale: 2)
    }

    /// Of the grid's rows, then of its columns, each [2 · side - 1, Dh].
    var tables: [[Float]] {
        var random = Random(seed + 2)
        return grid.map { [$0.rows, $0.columns] }?.map { random.floats((2 * $0 - 1) * headDim, scale: range) } ?? []
    }

    /// Where in each table the row begins that a query is multiplied with for a key.
    private func relation(query: Int, key: Int) -> [Int] {
        guard let grid else { return [] }
        let (down, across) = (
            key / grid.columns - query / grid.columns, key % grid.columns - query % grid.columns
        )
        return [(down + grid.rows - 1) * headDim, (across + grid.columns - 1) * headDim]
    }

    /// What is added to a score.
    private func bias(_ bias: [Float], image: Int, head: Int, query: Int, key: Int) -> Double {
        guard let count = biasTokens else { return 0 }
        func place(_ token: Int) -> Int {
            guard let own = ids?[image], token >= keys - own.count else { return token }
            let prefix = keys - own.count
            return prefix + Int(own[token - prefix])
        }
        return Double(bias[(head * count + place(query)) * count + place(key)])
    }

    /// Some images, or some queries of one image, as a call of their own.
    func run(_ engine: Engine, _ kernel: ProductKernel, images: Range<Int>? = nil, queries part: Range<Int>? = nil)
        -> [Float]
    {
        let images = images ?? 0..<batch
        let part = part ?? 0..<queries
        let x = operands
        let firstQuery = images.lowerBound * queries + part.lowerBound
        let endQuery = (images.upperBound - 1) * queries + part.upperBound
        let tokens = images.lowerBound * keys..<images.upperBound * keys
        let q = rows(firstQuery..<endQuery, of: x.q)
        let k = rows(tokens, of: x.k)
        let v = rows(tokens, of: x.v)
        let count = images.count * part.count
        let out = SpreadRows([Float](repeating: .nan, count: count * width), width: width, gap: 5)
        let scratch = GuardedBuffer<Float>(
            count: unmask_attention_scratch_floats(
                engine.handle, kernel.handle, headDim, part.count, keys, grid?.rows ?? 0, grid?.columns ?? 0),
            aligned: true)
        scratch.elements.update(repeating: .nan)

        var attention = unmask_attention()
        attention.kernel = kernel.handle
        (attention.batch, attention.heads, attention.head_dim) = (images.count, heads, headDim)
        (attention.queries, attention.keys, attention.scale) = (part.count, keys, scale)
        (attention.out, attention.out_stride) = (out.base, out.stride)
        attention.scratch = scratch.base
        let keyAdded = biased ? GuardedBuffer(keyBias[tokens]) : nil
        attention.key_bias = keyAdded.map { UnsafePointer($0.base) }
        let added = GuardedBuffer(bias)
        let places = GuardedBuffer(images.flatMap { ids?[$0] ?? [] })
        if let biasTokens {
            (attention.bias, attention.bias_tokens) = (UnsafePointer(added.base), biasTokens)
            if let ids { (attention.ids, attention.kept) = (UnsafePointer(places.base), ids[0].count) }
        }
        let related = tables.map { GuardedBuffer($0) }
        if let grid {
            (attention.grid_rows, attention.grid_columns) = (grid.rows, grid.columns)
            (attention.row_table, attention.column_table) = (
                UnsafePointer(related[0].base), UnsafePointer(related[1].base)
            )
        }
        let matrices =
            joint
            ? [joined(q, k, v)]
            : [(q, part.count), (k, keys), (v, keys)].map { x, tokens in
                headsFirst
                    ? SpreadRows(headsBeforeTokens(x, tokens: tokens), width: width, gap: 0)
                    : SpreadRows(x, width: width, gap: 5)
            }
        func placed(_ base: UnsafeMutablePointer<Float>, _ tokens: Int) -> unmask_heads {
            let stride = matrices[0].stride
            return headsFirst
                ? unmask_heads(
                    base: base, batch_stride: tokens * width, token_stride: headDim, head_stride: tokens * headDim)
                : unmask_heads(
                    base: base, batch_stride: tokens * stride, token_stride: stride, head_stride: headDim)
        }
        attention.q = placed(matrices[0].base, part.count)
        attention.k = placed(joint ? matrices[0].base + width : matrices[1].base, keys)
        attention.v = placed(joint ? matrices[0].base + 2 * width : matrices[2].base, keys)
        withExtendedLifetime((matrices, keyAdded, added, places, related)) {
            unmask_attention_run(engine.handle, &attention)
        }
        return out.values
    }

    private func rows(_ range: Range<Int>, of x: [Float]) -> ArraySlice<Float> {
        x[range.lowerBound * width..<range.upperBound * width]
    }

    /// [B, tokens, H, Dh] as [B, H, tokens, Dh].
    private func headsBeforeTokens(_ x: ArraySlice<Float>, tokens: Int) -> ArraySlice<Float> {
        var result: [Float] = []
        for image in 0..<x.count / (tokens * width) {
            for head in 0..<heads {
                for token in 0..<tokens {
                    result += x.dropFirst((image * tokens + token) * width + head * headDim).prefix(headDim)
                }
            }
        }
        return result[...]
    }

    /// Rows of q, k and v side by side.
    private func joined(_ q: ArraySlice<Float>, _ k: ArraySlice<Float>, _ v: ArraySlice<Float>) -> SpreadRows {
        var joint: [Float] = []
        for offset in stride(from: 0, to: q.count, by: width) {
            for part in [q, k, v] { joint += part.dropFirst(offset).prefix(width) }
        }
        return SpreadRows(joint, width: 3 * width, gap: 0)
    }

    /// The naive attention in Double, over operands as the arithmetic rounds them. Its tolerance: a score errs by (Dh + 2)·u·Σ|q·k|·scale, a probability by that
    /// much twice over (its own and the sum's) and exp's own roundings, the weighted mean of v by keys·u more.
    ///
    /// In bfloat16 probabilities are rounded too, by 2⁻⁸ of each at most, and come from a coarser exponential.
    func expected(_ arithmetic: unmask_arithmetic) -> [Expected] {
        let isCoarse = arithmetic == UNMASK_ARITHMETIC_BF16
        let unrounded = operands
        let x = (
            q: Reference.rounded(unrounded.q.map { $0 * scale }, arithmetic),
            k: Reference.rounded(unrounded.k, arithmetic),
            v: Reference.rounded(unrounded.v, arithmetic)
        )
        let added = bias
        let tables = tables.map { Reference.rounded($0, arithmetic).map(Double.init) }
        var result: [Expected] = []
        for b in 0..<batch {
            for i in 0..<queries {
                for h in 0..<heads {
                    let q = row(x.q, b * queries + i, h)
                    var scores: [Double] = []
                    var slack = 0.0
                    for j in 0..<keys {
                        let k = row(x.k, b * keys + j, h)
                        var products = zip(q, k).map { $0 * $1 }
                        for (table, first) in zip(tables, relation(query: i, key: j)) {
                            products += zip(q, table[first..<first + headDim]).map { $0 * $1 }
                        }
                        let ofKey = biased ? Double(keyBias[b * keys + j]) : 0
                        let ofPair = bias(added, image: b, head: h, query: i, key: j)
                        scores.append(products.reduce(0, +) + ofPair + ofKey)
                        let magnitude = products.reduce(abs(ofPair) + abs(ofKey)) { $0 + abs($1) }
                        slack = max(slack, (Double(headDim) + 4) * roundoff * magnitude)
                    }
                    let weights = Reference.softmax(scores)
                    let values = (0..<keys).map { row(x.v, b * keys + $0, h) }
                    for d in 0..<headDim {
                        var value = 0.0
                        var magnitude = 0.0
                        for j in 0..<keys {
                            let term = weights[j] * values[j][d]
                            value += term
                            magnitude += abs(term)
                        }
                        let rounding = isCoarse ? 0x1p-8 + 3e-4 : 0
                        let tolerance = (2 * slack + (2 * Double(keys) + 16) * roundoff + rounding) * magnitude
                        result.append(Expected(value: value, tolerance: tolerance))
                    }
                }
            }
        }
        return result
    }

    private func row(_ x: [Float], _ token: Int, _ head: Int) -> [Double] {
        x[token * width + head * headDim..<token * width + (head + 1) * headDim].map(Double.init)
    }
}
