internal import UnmaskGraph

/// What follows the finished tokens.
extension LayerBuilder {
    /// [B, R + K, D] → the pooled vectors [B, D], the patch tokens [B, K, D], and with a head the logits [B, classes].
    mutating func heads(_ c: ModelConfiguration, _ x: ValueID) throws(ModelError) {
        let (B, K) = (Dimension.symbol(ModelGraph.batch), Dimension.symbol(ModelGraph.kept))
        let (D, R) = (Dimension.fixed(c.outputWidth), c.composition.prefixCount)
        var pooled: [Pooling: ValueID] = [:]
        if c.composition.hasClassToken {
            pooled[.cls] = graph.add(.selectToken(0), named: ModelGraph.cls, [x], shape: [B, D])
        }
        var mean = graph.add(.meanTokens(skip: R), named: ModelGraph.mean, [x], shape: [B, D])
        if c.fcNorm { mean = try fcNorm(mean, c) }
        pooled[.mean] = mean
        pooled[.tokens] =
            R == 0 ? x : graph.add(.dropTokens(R), named: "patch tokens", [x], shape: [B, K, D])
        if let pool = c.composition.attentionPool { pooled[.map] = try attentionPool(x, pool, c) }
        for pooling in Pooling.allCases {
            if let value = pooled[pooling] { graph.addOutput(pooling.rawValue, value) }
        }
        if let tail = c.vector, let start = pooled[tail.pooling] {
            let own = try self.tail(tail, start)
            graph.addOutput(Pooling.output.rawValue, own)
            pooled[.output] = own
        }
        let read = c.composition.headInput == .vector ? .output : c.pooling
        guard c.classes > 0, var vector = pooled[read] else { return }
        if let probe = c.composition.tokenProbe, let tokens = pooled[.tokens] {
            vector = try probed(tokens, probe, c)
        }
        let logits =
            c.composition.headJoinsMean
            ? try joinedLogits(vector, mean, c) : try logits(x, try headInput(c, vector), c)  // [B, classes]
        graph.addOutput(ModelGraph.logits, logits)
        graph.addOutput(
            ModelGraph.probabilities, graph.add(.softmax, named: "softmax", [logits], shape: graph[logits].shape))
    }

    private mutating func fcNorm(_ x: ValueID, _ c: ModelConfiguration) throws(ModelError) -> ValueID {
        try norm(x, "fc_norm", c.composition.block.norm, epsilon: c.composition.fcNormEpsilon ?? c.normEpsilon)
    }

    /// What the head reads: timm puts `fc_norm` behind any pooling.
    private mutating func headInput(_ c: ModelConfiguration, _ pooled: ValueID) throws(ModelError) -> ValueID {
        c.fcNorm && c.pooling != .mean && c.composition.tokenProbe == nil ? try fcNorm(pooled, c) : pooled
    }

    /// Of a head [classes, 2·D] over the CLS token and the mean: each half for itself, and their sum.
    private mutating func joinedLogits(
        _ cls: ValueID, _ mean: ValueID, _ c: ModelConfiguration
    ) throws(ModelError) -> ValueID {
        let (D, source) = (c.width, (name: "head.weight", shape: [c.classes, 2 * c.width]))
        func half(_ index: Int, _ numbers: [Float]) -> [Float] {
            (0..<c.classes).flatMap { numbers[(2 * $0 + index) * D..<(2 * $0 + index + 1) * D] }
        }
        let weights = [
            try derived("head.weight, CLS", [c.classes, D], from: [source]) { half(0, $0[0]) },
            try derived("head.weight, mean", [c.classes, D], from: [source]) { half(1, $0[0]) },
        ]
        let first = try linear(cls, "head", to: c.classes, weight: weights[0])
        let second = try linear(mean, "head, mean", to: c.classes, bias: false, weight: weights[1])
        return add(first, second, "head, sum")
    }

    private mutating func logits(
        _ x: ValueID, _ pooled: ValueID, _ c: ModelConfiguration
    ) throws(ModelError) -> ValueID {
        let logits = try linear(pooled, "head", to: c.classes)
        guard c.composition.isDistilled else { return logits }
        let token = graph.add(.selectToken(1), named: "distillation token", [x], shape: graph[pooled].shape)
        let other = try linear(token, "head_dist", to: c.classes)
        let operands = [
            add(logits, other, "logits of both heads"),
            constant("1/2", [c.classes]) { Array(repeating: 0.5, count: c.classes) },
            constant("0", [c.classes]) { Array(repeating: 0, count: c.classes) },
        ]
        return graph.add(.scaleShift, named: "mean of both heads", operands, shape: graph[logits].shape)
    }

    /// [B, R + K, D] → [B, D]: one learned query attends to the tokens, and what it finds goes through an MLP.
    private mutating func attentionPool(
        _ x: ValueID, _ pool: AttentionPool, _ c: ModelConfiguration
    ) throws(ModelError) -> ValueID {
        let (B, R, D) = (Dimension.symbol(ModelGraph.batch), c.composition.prefixCount, c.width)
        let norm = c.composition.block.norm
        var tokens = x
        if !pool.readsPrefix, R > 0 {
            let patches: Shape = [B, .symbol(ModelGraph.kept), .fixed(D)]
            tokens = graph.add(.dropTokens(R), named: "attn_pool.tokens", [x], shape: patches)
        }
        let query = try linear(try parameter("attn_pool.latent", [1, 1, D]), "attn_pool.q", to: D)  // [1, 1, D]
        let kv = try linear(tokens, "attn_pool.kv", to: 2 * D)  // [B, T, 2·D]
        let attention = SeparateAttention(
            heads: pool.heads, scale: 1 / Float(D / pool.heads).squareRoot(), columns: [0, 0, D])
        var y = graph.add(
            .separateAttention(attention), named: "attn_pool", [query, kv, kv], shape: [B, 1, .fixed(D)])
        y = try linear(y, "attn_pool.proj", to: D)
        let sizes = BlockSizes(
            heads: pool.heads, mlpWidth: pool.mlpWidth, gelu: pool.gelu, epsilon: c.normEpsilon, qkvBias: true)
        let mixed = try mlp(
            try self.norm(y, "attn_pool.norm", norm, epsilon: c.normEpsilon), "attn_pool.mlp", sizes, BlockPlan())
        y = add(y, mixed, "attn_pool.residual")
        return graph.add(.selectToken(0), named: ModelGraph.map, [y], shape: [B, .fixed(D)])
    }
}
