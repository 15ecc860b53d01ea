internal import UnmaskGraph

/// Hiera's stages. Tokens stand in the order of mask units, each nested (`TokenGrid.nested`), so that those that become one
/// follow one another; what is given out is in the image's order.
extension LayerBuilder {
    /// Patches [B, N, S·S·C] → the last stage's tokens, one of each unit that is kept, [B, K, D].
    /// - Parameter idsKeep: which units; nil: all, and K is their number.
    mutating func hiera(
        _ patches: ValueID, _ plan: HieraPlan, _ c: ModelConfiguration, _ idsKeep: ValueID?
    ) throws(ModelError) -> EncodedImage {
        let (rows, columns) = (c.imageSize[0] / plan.stride, c.imageSize[1] / plan.stride)
        var units = MaskUnits(grid: UnitGrid(rows: rows, columns: columns, side: plan.unit), ids: idsKeep)
        let blocks = plan.blocks
        var inUnits = blocks[0].inUnits
        var x = try hieraTokens(patches, plan, units)
        if inUnits { x = regroup(x, units.apart(width(x)), "tokens in units") }
        var stages: [ValueID] = []
        for (index, block) in blocks.enumerated() {
            if block.opens { stages.append(regroup(x, units.whole(width(x)), "stage \(block.stage - 1)")) }
            if block.inUnits != inUnits {
                inUnits = block.inUnits
                let shape = inUnits ? units.apart(width(x)) : units.together(width(x))
                x = regroup(x, shape, "blocks.\(index).tokens")
            }
            if block.opens { units.grid = units.grid.halved }
            let shape = inUnits ? units.apart(1) : units.together(1)
            x = try hieraBlock(x, index, block, plan, c, shape)
            graph.addOutput(
                ModelGraph.block(index), inPlace(regroup(x, units.together(width(x)), "\(index)"), units, index))
        }
        let tokens = regroup(x, units.together(width(x)), "tokens in place")
        return EncodedImage(tokens: tokens, stages: stages + [regroup(x, units.whole(width(x)), "last stage")])
    }

    /// What the decoder of Hiera-MAE reads: the stages' units, each as one token, summed and normalised, [B, K, D].
    mutating func fusedStages(
        _ encoded: EncodedImage, _ plan: HieraPlan, _ c: ModelConfiguration
    ) throws(ModelError) -> ValueID {
        var sum: ValueID?
        for (stage, x) in encoded.stages.enumerated() {
            var part = x
            let (side, name) = (plan.unit >> stage, "multi_scale_fusion_heads.\(stage)")
            if side > 1 {
                let (C, places) = (plan.stages[stage].width, TokenGrid([side, side]).nested(side))
                let source = (name: "\(name).weight", shape: [c.width, C, side, side])
                let weight = try derived(source.name, [c.width, side * side * C], from: [source]) { numbers in
                    (0..<c.width * side * side * C).map { index in
                        let (d, place, channel) = (index / (side * side * C), index / C % (side * side), index % C)
                        return numbers[0][(d * C + channel) * side * side + places[place]]
                    }
                }
                part = try linear(x, name, to: c.width, weight: weight)
            }
            sum = sum.map { add($0, part, "\(name).sum") } ?? part
        }
        return try norm(sum ?? encoded.tokens, "encoder_norm", epsilon: c.normEpsilon)
    }

    /// Patches [B, N, S·S·C] → the first stage's tokens with their positions, [B, K · unit², D].
    private mutating func hieraTokens(
        _ patches: ValueID, _ plan: HieraPlan, _ units: MaskUnits
    ) throws(ModelError) -> ValueID {
        let grid = TokenGrid([units.grid.rows, units.grid.columns])
        let convolution = TokenConvolution(kernel: plan.kernel, stride: plan.stride, padding: plan.padding)
        let (name, D) = ("patch_embed.proj", plan.stages[0].width)
        guard units.ids != nil else {
            let places = grid.nested(plan.unit)
            let x = try self.convolution(patches, name, convolution, at: places, in: grid, to: D)
            let positions = try hieraPositions(plan, grid, places)
            return graph.add(.assembleTokens, named: "tokens", [x, nil, positions, nil], shape: graph[x].shape)
        }
        // Pixels of hidden units are zeros to their neighbours, who must not know them.
        let covered = graph.add(
            .gatherTokens, named: "\(name).neighbours", [patches, tokens(of: units, in: convolution.reach)],
            shape: units.together(convolution.reach.count * convolution.reach.count * width(patches)))
        let x = try self.convolution(covering: covered, name, convolution, to: D)
        let positions = try hieraPositions(plan, grid, Array(0..<grid.count))
        return graph.add(
            .assembleTokens, named: "tokens", [x, nil, positions, tokens(of: units, in: 0...0)], shape: graph[x].shape)
    }

    /// The numbers of the tokens around those of kept units.
    private mutating func tokens(of units: MaskUnits, in reach: ClosedRange<Int>) -> ValueID {
        graph.add(
            .unitTokens(units.grid, reach: reach), named: "tokens in \(reach)", [units.ids],
            shape: units.numbers(reach.count * reach.count), type: .i32)
    }

    /// Tokens [B, K · s², D] in the image's order; those of the last stage, which are units, as these are given.
    private mutating func inPlace(_ x: ValueID, _ units: MaskUnits, _ block: Int) -> ValueID {
        let (grid, name) = (units.grid, ModelGraph.block(block))
        guard grid.side > 1 else { return x }
        guard units.ids != nil else {
            return gather(x, TokenGrid([grid.rows, grid.columns]).nested(grid.side).inverted, name)
        }
        let places = graph.add(
            .unitPlaces(grid), named: "\(name), order", [units.ids], shape: units.numbers(1), type: .i32)
        return graph.add(.gatherTokens, named: name, [x, places], shape: graph[x].shape)
    }

    private mutating func regroup(_ x: ValueID, _ shape: Shape, _ name: String) -> ValueID {
        graph[x].shape == shape ? x : graph.add(.regroup, named: name, [x], shape: shape)
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
    /// - Parameter shape: of the result, but for its width.
    private mutating func hieraBlock(
        _ x: ValueID, _ index: Int, _ block: (stage: Int, opens: Bool, inUnits: Bool), _ plan: HieraPlan,
        _ c: ModelConfiguration, _ shape: Shape
    ) throws(ModelError) -> ValueID {
        let (name, stage) = ("blocks.\(index)", plan.stages[block.stage])
        let scales = c.composition.block.layerScale
        let y = try norm(x, "\(name).norm1", epsilon: c.normEpsilon)
        let qkv = try linear(y, "\(name).attn.qkv", to: 3 * stage.width)
        var (stream, attended) = (x, qkv)
        if block.opens {
            let query = pool(qkv, shape.with(width: stage.width), "\(name).attn.q")
            let attention = SeparateAttention(
                heads: stage.heads, scale: 1 / Float(stage.width / stage.heads).squareRoot(),
                columns: [0, stage.width, 2 * stage.width])
            attended = graph.add(
                .separateAttention(attention), named: "\(name).attn", [query, qkv, qkv], shape: graph[query].shape)
            stream =
                plan.projects
                ? pool(
                    try linear(y, "\(name).proj", to: stage.width), shape.with(width: stage.width), "\(name).proj.pool")
                : pool(x, shape.with(width: stage.width), means: true, "\(name).pool")
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
    private mutating func pool(_ x: ValueID, _ shape: Shape, means: Bool = false, _ name: String) -> ValueID {
        let group = HieraPlan.pool * HieraPlan.pool
        return graph.add(.poolTokens(TokenPooling(group: group, means: means)), named: name, [x], shape: shape)
    }
}

/// The mask units of a stage's tokens, and which of them are kept.
private struct MaskUnits {
    var grid: UnitGrid
    /// Numbers of those that are kept, [B, K]; nil: all.
    let ids: ValueID?

    private var tokens: Int { grid.side * grid.side }

    /// Each unit's tokens for themselves, [B·K, s², D].
    func apart(_ width: Int) -> Shape {
        [
            ids == nil ? .symbol(ModelGraph.batch, times: grid.units, plus: 0) : .symbol(ModelGraph.units),
            .fixed(tokens),
            .fixed(width),
        ]
    }

    /// An image's tokens one behind another, [B, K · s², D].
    func together(_ width: Int) -> Shape { [.symbol(ModelGraph.batch), kept(times: tokens), .fixed(width)] }

    /// A unit's tokens side by side, [B, K, s² · D].
    func whole(_ width: Int) -> Shape { [.symbol(ModelGraph.batch), kept(times: 1), .fixed(tokens * width)] }

    /// So many numbers of each token, [B, K · s² · n].
    func numbers(_ each: Int) -> Shape { [.symbol(ModelGraph.batch), kept(times: tokens * each)] }

    private func kept(times: Int) -> Dimension {
        ids == nil ? .fixed(grid.units * times) : .symbol(ModelGraph.kept, times: times, plus: 0)
    }
}

extension UnitGrid {
    /// With a token for each four, and as many units.
    fileprivate var halved: UnitGrid {
        UnitGrid(rows: rows / HieraPlan.pool, columns: columns / HieraPlan.pool, side: side / HieraPlan.pool)
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
