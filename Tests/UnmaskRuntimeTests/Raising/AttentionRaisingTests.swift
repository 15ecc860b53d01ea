import Testing
import UnmaskGraph

@Suite struct AttentionRaisingTests {
    enum Cut: CaseIterable { case split, slice, gather, chunks, separate }
    enum Scale: CaseIterable { case queries, keys, scores, quotient, both }
    enum Batch: CaseIterable { case imagesAndHeads, together }

    private static let (tokens, heads, head) = (7, 3, 4)
    private static var width: Int { heads * head }

    /// [B, T, D] → q, k and v [B, H, T, d].
    private func cut(_ c: inout Chain, _ x: ValueID, _ kind: Cut) throws -> [ValueID] {
        let (T, H, d, D) = (Self.tokens, Self.heads, Self.head, Self.width)
        var parts: [ValueID] = []
        switch kind {
        case .split:
            parts = try c.callAll(.split(axis: 2), [c.linear(x, D, 3 * D), c.integers(D, D, D)], results: 3)
        case .slice:
            let qkv = try c.linear(x, D, 3 * D)
            for part in 0..<3 { parts.append(try c.slice(qkv, axis: -1, from: part * D, to: (part + 1) * D)) }
        case .separate:
            for part in 0..<3 { parts.append(try c.linear(x, D, D, bias: part != 1)) }
        case .gather:
            let qkv = try c.transpose(c.reshape(c.linear(x, D, 3 * D), -1, T, 3, H, d), 2, 0, 3, 1, 4)
            for part in 0..<3 { parts.append(try c.call(.gather(axis: 0), qkv, c.integers([part], shape: []))) }
            return parts
        case .chunks:
            let qkv = try c.transpose(c.reshape(c.linear(x, D, 3 * D), -1, T, 3, H, d), 2, 0, 3, 1, 4)
            for part in 0..<3 {
                parts.append(try c.call(.squeeze, c.slice(qkv, axis: 0, from: part, to: part + 1), c.integers(0)))
            }
            return parts
        }
        return try parts.map { try c.transpose(c.reshape($0, -1, T, H, d), 0, 2, 1, 3) }
    }

    private func attend(
        _ c: inout Chain, _ parts: [ValueID], _ scale: Scale, _ batch: Batch, factor: Float? = nil
    ) throws -> ValueID {
        let (T, H, d, D) = (Self.tokens, Self.heads, Self.head, Self.width)
        let factor = factor ?? 1 / Float(d).squareRoot()
        var (q, k, v) = (parts[0], parts[1], parts[2])
        if batch == .together {
            (q, k, v) = try (c.reshape(q, -1, T, d), c.reshape(k, -1, T, d), c.reshape(v, -1, T, d))
        }
        k = batch == .together ? try c.transpose(k, 0, 2, 1) : try c.transpose(k, 0, 1, 3, 2)
        if scale == .queries { q = try c.multiply(q, factor) }
        if scale == .keys { k = try c.multiply(c.number(factor), k) }
        if scale == .both {
            q = try c.multiply(q, factor.squareRoot())
            k = try c.multiply(k, factor.squareRoot())
        }
        var scores = try c.call(.matMul, q, k)
        if scale == .scores { scores = try c.multiply(scores, factor) }
        if scale == .quotient { scores = try c.divide(scores, c.number(1 / factor)) }
        var mixed = try c.call(.matMul, c.call(.softmax(axis: -1), scores), v)
        if batch == .together { mixed = try c.reshape(mixed, -1, H, T, d) }
        return try c.reshape(c.transpose(mixed, 0, 2, 1, 3), -1, T, D)
    }

    private func input(_ c: inout Chain) -> ValueID {
        c.input("x", [.symbol("B"), .fixed(Self.tokens), .fixed(Self.width)])
    }

    @Test(arguments: Cut.allCases, Scale.allCases)
    func everySpelling(cut: Cut, scale: Scale) throws {
        for batch in Batch.allCases {
            var chain = Chain()
            let x = input(&chain)
            let y = try attend(&chain, self.cut(&chain, x, cut), scale, batch)
            chain.output(try chain.linear(y, Self.width, Self.width))
            try chain.expectRaised(to: ["linear", "attention", "linear"], "\(cut), \(scale), \(batch)")
        }
    }

    @Test(arguments: Cut.allCases)
    func anotherScaleIsKept(cut: Cut) throws {
        var chain = Chain()
        let x = input(&chain)
        chain.output(try attend(&chain, self.cut(&chain, x, cut), .scores, .imagesAndHeads, factor: 0.3))
        let linears = Array(repeating: "linear", count: cut == .separate ? 3 : 1)
        try chain.expectRaised(to: linears + ["separateAttention"])
    }

    /// Queries and keys are normalised head by head (Dehghani et al. 2023).
    @Test(arguments: [Cut.gather, .split])
    func normalisedQueriesAndKeys(cut: Cut) throws {
        var chain = Chain()
        let x = input(&chain)
        var parts = try self.cut(&chain, x, cut)
        for part in 0..<2 {
            parts[part] = try chain.call(
                .layerNormalization(axis: -1, epsilon: 1e-6), parts[part], chain.weights(Self.head),
                chain.weights(Self.head))
        }
        chain.output(try attend(&chain, parts, .queries, .imagesAndHeads))
        #expect(chain.raised().filter { $0 == "separateAttention" }.count == 1)
        #expect(!chain.raised().contains("matMul") && !chain.raised().contains("softmax"))
        try chain.expectRaised(to: chain.raised())
    }

    /// torch.nn.MultiheadAttention with tokens first, [T, B, D], over a probe: the pooling head of SigLIP.
    @Test func aProbeAttendsWithTokensFirst() throws {
        let (T, H, d, D) = (Self.tokens, Self.heads, Self.head, Self.width)
        var c = Chain()
        let x = input(&c)
        let batch = try c.call(.shape(start: 0, end: 1), x)
        let probes = try c.call(
            .tile, c.weights(1, 1, D), c.callAll(.concat(axis: 0), [batch, c.integers(1, 1)], results: 1)[0])
        let q = try c.linear(c.transpose(probes, 1, 0, 2), D, D)
        let kv = try c.linear(c.transpose(x, 1, 0, 2), D, 2 * D)
        let pair = try c.call(
            .squeeze, c.transpose(c.call(.unsqueeze, c.reshape(kv, T, -1, 2, D), c.integers(0)), 3, 1, 2, 0, 4),
            c.integers(-2))
        let k = try c.call(.gather(axis: 0), pair, c.integers([0], shape: []))
        let v = try c.call(.gather(axis: 0), pair, c.integers([1], shape: []))
        let queries = try c.multiply(c.transpose(c.reshape(q, 1, -1, d), 1, 0, 2), 1 / Float(d).squareRoot())
        let scores = try c.call(.matMul, queries, c.transpose(c.reshape(k, T, -1, d), 1, 2, 0))
        let mixed = try c.call(
            .matMul, c.call(.softmax(axis: -1), scores), c.transpose(c.reshape(v, T, -1, d), 1, 0, 2))
        let rows = try c.reshape(c.transpose(mixed, 1, 0, 2), -1, D)
        let projected = try c.call(
            .gemm(alpha: 1, beta: 1, transposeA: false, transposeB: true), rows, c.weights(D, D), c.weights(D))
        c.output(try c.transpose(c.reshape(projected, 1, -1, D), 1, 0, 2))
        #expect(H == 3)
        try c.expectRaised(
            to: ["tile", "linear", "linear", "separateAttention", "linear"], "[T, B, D] inside, [B, T, D] around")
    }

    @Test func masksThatHideNothingVanish() throws {
        var c = Chain()
        let parts = try cut(&c, input(&c), .separate)
        let T = Self.tokens
        let shape = try c.callAll(
            .concat(axis: 0), [c.call(.shape(start: 0, end: 1), parts[0]), c.integers(1, T, T)], results: 1)[0]
        let seen = try c.call(.cast(.bool), c.number(1, shape: [1, 1, T, 1]))
        let mask = try c.call(.select, c.call(.expand, seen, shape), c.number(0), c.number(-3.4e38))
        let q = try c.multiply(parts[0], 0.5)
        let scores = try c.add(c.call(.matMul, q, c.transpose(parts[1], 0, 1, 3, 2)), mask)
        let weights = try c.call(.softmax(axis: -1), scores)
        let safe = try c.call(.select, c.call(.unary(.isNaN), weights), c.number(0), weights)
        let mixed = try c.call(.matMul, safe, parts[2])
        c.output(try c.reshape(c.transpose(mixed, 0, 2, 1, 3), -1, T, Self.width))
        try c.expectRaised(to: ["linear", "attention"])
    }

    @Test func masksThatHideSomethingStay() throws {
        var c = Chain()
        let parts = try cut(&c, input(&c), .separate)
        let scores = try c.call(.matMul, c.multiply(parts[0], 0.5), c.transpose(parts[1], 0, 1, 3, 2))
        let weights = try c.call(.softmax(axis: -1), c.add(scores, c.weights(1, Self.heads, Self.tokens, Self.tokens)))
        let mixed = try c.call(.matMul, weights, parts[2])
        c.output(try c.reshape(c.transpose(mixed, 0, 2, 1, 3), -1, Self.tokens, Self.width))
        try c.expectNot("attention")
    }

    /// Someone looks at the attention weights: they are computed beside the fused attention.
    @Test func weightsThatAreAskedForStay() throws {
        var c = Chain()
        let parts = try cut(&c, input(&c), .split)
        let weights = try c.call(
            .softmax(axis: -1), c.call(.matMul, c.multiply(parts[0], 0.5), c.transpose(parts[1], 0, 1, 3, 2)))
        let mixed = try c.call(.matMul, weights, parts[2])
        c.output(try c.reshape(c.transpose(mixed, 0, 2, 1, 3), -1, Self.tokens, Self.width))
        c.output(weights, "weights")
        #expect(c.raised().contains("attention") && c.raised().contains("softmax"))
        try c.expectRaised(to: c.raised())
    }

    /// Values in another order than the heads': not attention's result.
    @Test func headsPutTogetherOtherwiseStay() throws {
        var c = Chain()
        let parts = try cut(&c, input(&c), .split)
        let scores = try c.call(.matMul, c.multiply(parts[0], 0.5), c.transpose(parts[1], 0, 1, 3, 2))
        let mixed = try c.call(.matMul, c.call(.softmax(axis: -1), scores), parts[2])
        c.output(try c.reshape(c.transpose(mixed, 0, 2, 3, 1), -1, Self.tokens, Self.width))
        #expect(c.raised().contains("transpose"))
        try c.expectRaised(to: c.raised())
    }

    @Test(arguments: [true, false])
    func theOperator(headsFirst: Bool) throws {
        var c = Chain()
        let D = Self.width
        var parts = try c.callAll(.split(axis: 2), [c.linear(input(&c), D, 3 * D), c.integers(D, D, D)], results: 3)
        var attributes = ScaledDotProduct(queryHeads: Self.heads, keyHeads: Self.heads)
        if headsFirst {
            attributes = ScaledDotProduct(scale: 0.5)
            parts = try parts.map { try c.transpose(c.reshape($0, -1, Self.tokens, Self.heads, Self.head), 0, 2, 1, 3) }
        }
        var y = try c.callAll(.attention(attributes), parts, results: 1)[0]
        if headsFirst { y = try c.reshape(c.transpose(y, 0, 2, 1, 3), -1, Self.tokens, D) }
        c.output(y)
        try c.expectRaised(to: ["linear", "attention"])
    }

    @Test func causalAttentionStays() throws {
        var c = Chain()
        let D = Self.width
        let parts = try c.callAll(.split(axis: 2), [c.linear(input(&c), D, 3 * D), c.integers(D, D, D)], results: 3)
        let attributes = ScaledDotProduct(causal: true, queryHeads: Self.heads, keyHeads: Self.heads)
        c.output(try c.callAll(.attention(attributes), parts, results: 1)[0])
        #expect(c.raised().filter { $0 == "split" }.count == 1)
    }
}
