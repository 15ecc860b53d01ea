internal import UnmaskGraph

/// Hiera's stages. Tokens stand in the order of mask units, each nested (`TokenGrid.nested`), so that those that become one
/// follow one another; what is given out is in the image's order.
extension LayerBuilder {
    /// Patches [B, N, S·S·C] → the last stage's tokens [B, N / unit², D].
    mutating func hiera(
        _ patches: ValueID, _ plan: HieraPlan, _ c: ModelConfiguration
    ) throws(ModelError) -> ValueID {
        var grid = TokenGrid(c.imageSize.map { $0 / plan.stride })
        let units = c.patches
        let blocks = plan.blocks
        var inUnits = blocks[0].inUnits
        let places = grid.nested(plan.unit)
        let convolution = TokenConvolution(kernel: plan.kernel, stride: plan.stride, padding: plan.padding)
        var x = try self.convolution(
            patches, "patch_embed.proj", convolution, at: places, in: grid, to: plan.stages[0].width)
        let positions = try hieraPositions(plan, grid, places)
        x = graph.add(.assembleTokens, named: "tokens", [x, nil, positions, nil], shape: graph[x].shape)
        if inUnits { x = gather(x, Array(0..<grid.count), parts: units, "tokens in units") }
        for (index, block) in blocks.enumerated() {
            if block.inUnits != inUnits {
                inUnits = block.inUnits
                x = gather(x, Array(0..<grid.count), parts: inUnits ? units : 1, "blocks.\(index).tokens")
            }
            x = try hieraBlock(x, index, block, plan, c)
            if block.opens { grid = TokenGrid(grid.sides.map { $0 / HieraPlan.pool }) }
            let order = grid.nested(plan.unit >> block.stage)
            graph.addOutput(ModelGraph.block(index), gather(x, order.inverted, ModelGraph.block(index)))
        }
        return gather(x, grid.nested(plan.unit >> (plan.stages.count - 1)).inverted, "tokens in place")
    }

    /// Positions [N, D] in the tokens' order.
    private mutating func hieraPositions(
        _ plan: HieraPlan, _ grid: TokenGrid, _ places: [Int]
    ) throws(ModelError) -> ValueID {
        let (D, unit) = (plan.stages[0].width, plan.unit)
        guard let sides = plan.globalPositions else {
            let source = (name: "pos_embed", shape: [1, grid.count, D])
            return try derived(source.name, [grid.count, D], from: [source]) { numbers in
                places.flatMap { numbers[0][$0 * D..<($0 + 1) * D] }
            }
        }
        let sources = [
            (name: "pos_embed", shape: [1, D] + sides), (name: "pos_embed_win", shape: [1, D, unit, unit]),
        ]
        return try derived("pos_embed", [grid.count, D], from: sources) { numbers in
            let count = sides[0] * sides[1]
            let global = (0..<count * D).map { numbers[0][$0 % D * count + $0 / D] }
            let stretched = PositionResizing.resize(
                global, prefix: 0, width: D, from: sides, to: grid.sides, interpolation: .timm)
            return places.flatMap { place in
                let within = place / grid.sides[1] % unit * unit + place % grid.sides[1] % unit
                return (0..<D).map { stretched[place * D + $0] + numbers[1][$0 * unit * unit + within] }
            }
        }
    }

    /// [b, t, D] → [b, t, D], or of a stage's first block [b, t / 4, D of the stage].
    private mutating func hieraBlock(
        _ x: ValueID, _ index: Int, _ block: (stage: Int, opens: Bool, inUnits: Bool), _ plan: HieraPlan,
        _ c: ModelConfiguration
    ) throws(ModelError) -> ValueID {
        let (name, stage) = ("blocks.\(index)", plan.stages[block.stage])
        let scales = c.composition.block.layerScale
        let y = try norm(x, "\(name).norm1", epsilon: c.normEpsilon)
        let qkv = try linear(y, "\(name).attn.qkv", to: 3 * stage.width)
        var (stream, attended) = (x, qkv)
        if block.opens {
            let query = pool(qkv, to: stage.width, "\(name).attn.q")
            let attention = SeparateAttention(
                heads: stage.heads, scale: 1 / Float(stage.width / stage.heads).squareRoot(),
                columns: [0, stage.width, 2 * stage.width])
            attended = graph.add(
                .separateAttention(attention), named: "\(name).attn", [query, qkv, qkv], shape: graph[query].shape)
            stream =
                plan.projects
                ? pool(try linear(y, "\(name).proj", to: stage.width), to: stage.width, "\(name).proj.pool")
                : pool(x, to: stage.width, means: true, "\(name).pool")
        } else {
            attended = graph.add(
                .attention(heads: stage.heads), named: "\(name).attn", [qkv],
                shape: graph[qkv].shape.with(width: stage.width))
        }
        attended = try linear(
            attended, "\(name).attn.proj", to: stage.width, scale: scales ? "\(name).ls1.gamma" : nil)
        stream = add(stream, attended, "\(name).attn.residual")
        let sizes = BlockSizes(
            heads: stage.heads, mlpWidth: stage.mlpWidth, gelu: c.gelu, epsilon: c.normEpsilon, qkvBias: true)
        let mixed = try mlp(
            try norm(stream, "\(name).norm2", epsilon: c.normEpsilon), "\(name).mlp", sizes, BlockPlan(),
            scale: scales ? "\(name).ls2.gamma" : nil)
        return add(stream, mixed, "\(name).mlp.residual")
    }

    /// The largest numbers of the tokens that become one, [b, t, ≥ D] → [b, t / 4, D]; or their means behind them.
    private mutating func pool(_ x: ValueID, to width: Int, means: Bool = false, _ name: String) -> ValueID {
        let group = HieraPlan.pool * HieraPlan.pool
        let dimensions = graph[x].shape.dimensions
        let tokens = dimensions[1].bound(by: [:]) ?? 0
        return graph.add(
            .poolTokens(TokenPooling(group: group, means: means)), named: name, [x],
            shape: [dimensions[0], .fixed(tokens / group), .fixed(width)])
    }
}

extension [Int] {
    /// Where each number stands, of an order of all numbers below its count.
    fileprivate var inverted: [Int] {
        var result = self
        for (place, number) in enumerated() { result[number] = place }
        return result
    }
}
