internal import UnmaskGraph

/// ConvNeXt's stages, channels last: what its papers call a pointwise convolution is a linear layer.
extension LayerBuilder {
    /// Embedded patches [B, N, D₀] → the last stage's places [B, N / 64, D].
    mutating func convNeXt(
        _ patches: ValueID, _ plan: ConvNeXtPlan, _ c: ModelConfiguration
    ) throws(ModelError) -> ValueID {
        var x = patches
        var grid = TokenGrid(c.imageSize.map { $0 / plan.stem })
        var index = 0
        for (number, stage) in plan.stages.enumerated() {
            if let stride = stage.stride {
                x = try norm(x, "stages.\(number).downsample.0", c.composition.block.norm, epsilon: c.normEpsilon)
                let width = width(x)
                x = gather(x, grid.blocks(stride), per: stride * stride, "stages.\(number).downsample.places")
                x = try convolution(x, "stages.\(number).downsample.1", from: width, to: stage.width, kernel: stride)
                grid = TokenGrid(grid.sides.map { $0 / stride })
            }
            for block in 0..<stage.depth {
                x = try convNeXtBlock(x, "stages.\(number).blocks.\(block)", stage, plan, grid, c)
                graph.addOutput(ModelGraph.block(index), x)
                index += 1
            }
        }
        return x
    }

    /// Squares of 2 pixels [B, 4·N, 4·C] → embedded patches [B, N, D₀], by two convolutions that overlap.
    mutating func overlappingStem(
        _ pixels: ValueID, _ plan: ConvNeXtPlan, _ c: ModelConfiguration
    ) throws(ModelError) -> ValueID {
        let (stride, D) = (ConvNeXtPlan.overlap.stride, c.embeddingWidth)
        let convolution = TokenConvolution(kernel: 3, stride: stride, padding: 1)
        let (fine, grid) = (TokenGrid(c.imageSize.map { $0 / stride }), TokenGrid(c.imageSize.map { $0 / plan.stem }))
        var x = try self.convolution(
            pixels, "patch_embed.proj", convolution, at: Array(0..<fine.count), in: fine, to: plan.stemWidth ?? D)
        if let kind = plan.stemActivation { x = gelu(x, kind, "patch_embed.act") }
        x = gather(x, fine.blocks(stride), per: stride * stride, "patch_embed.places")
        let second = plan.stemActivation == nil ? ConvNeXtPlan.projection : ConvNeXtPlan.activatedProjection
        x = try self.convolution(x, second, convolution, at: Array(0..<grid.count), in: grid, to: D)
        return try norm(x, "patch_embed.norm", c.composition.block.norm, epsilon: c.normEpsilon)
    }

    /// [B, N, D] → [B, N, D].
    private mutating func convNeXtBlock(
        _ x: ValueID, _ name: String, _ stage: ConvNeXtPlan.Stage, _ plan: ConvNeXtPlan, _ grid: TokenGrid,
        _ c: ModelConfiguration
    ) throws(ModelError) -> ValueID {
        var y = try depthwise(x, "\(name).conv_dw", kernel: stage.kernel, grid)
        y = try norm(y, "\(name).norm", c.composition.block.norm, epsilon: c.normEpsilon)
        y = try linear(y, "\(name).mlp.fc1", to: stage.mlpWidth)
        y = gelu(y, c.gelu, "\(name).mlp.act")
        if plan.responseNorm {
            let operands = [
                y, try parameter("\(name).mlp.grn.weight", [stage.mlpWidth]),
                try parameter("\(name).mlp.grn.bias", [stage.mlpWidth]),
            ]
            y = graph.add(.responseNorm(epsilon: 1e-6), named: "\(name).mlp.grn", operands, shape: graph[y].shape)
        }
        let scale = c.composition.block.layerScale ? "\(name).gamma" : nil
        y = try linear(y, "\(name).mlp.fc2", to: stage.width, scale: scale)
        return add(x, y, "\(name).residual")
    }

    /// Kernels [D, 1, k, k] over a grid's places.
    private mutating func depthwise(
        _ x: ValueID, _ name: String, kernel: Int, _ grid: TokenGrid
    ) throws(ModelError) -> ValueID {
        let (D, taps) = (width(x), kernel * kernel)
        let source = (name: "\(name).weight", shape: [D, 1, kernel, kernel])
        let weight = try derived(source.name, [taps, D], from: [source]) { numbers in
            (0..<taps * D).map { numbers[0][$0 % D * taps + $0 / D] }
        }
        let convolution = GridConvolution(kernel: kernel, rows: grid.sides[0], columns: grid.sides[1])
        return graph.add(
            .depthwiseConvolution(convolution), named: name, [x, weight, try parameter("\(name).bias", [D])],
            shape: graph[x].shape)
    }
}
