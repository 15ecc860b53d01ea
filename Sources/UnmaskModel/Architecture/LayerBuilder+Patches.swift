internal import UnmaskGraph
internal import UnmaskImage

/// From pixels to embedded patches.
extension LayerBuilder {
    /// The graph's inputs: pixels, and which patches are kept where some may be left out.
    mutating func inputs(
        _ c: ModelConfiguration, _ format: PixelInput, masks: Bool
    ) -> (pixels: ValueID, idsKeep: ValueID?) {
        let (H, W, C) = (c.imageSize[0], c.imageSize[1], c.channels)
        let B = Dimension.symbol(ModelGraph.batch)
        let pixels =
            format == .bytes
            ? graph.addInput(ModelGraph.pixels, [B, .fixed(H), .fixed(W), .fixed(C)], .u8)
            : graph.addInput(ModelGraph.pixels, [B, .fixed(C), .fixed(H), .fixed(W)], .f32)
        guard masks, c.wholeImageReason == nil else { return (pixels, nil) }
        return (pixels, graph.addInput(ModelGraph.idsKeep, [B, .symbol(ModelGraph.kept)], .i32))
    }

    /// Pixels → [B, K, P·P·C], of kept patches or of all.
    /// - Parameter recipe: whose mean and deviation are applied; nil: none.
    mutating func patches(
        _ c: ModelConfiguration, of pixels: ValueID, _ idsKeep: ValueID?, recipe: Recipe?
    ) -> ValueID {
        let values = c.cut * c.cut * c.channels
        let count = c.imageSize.reduce(1) { $0 * ($1 / c.cut) }
        let x = graph.add(
            .patches(size: c.cut), named: "patches", [pixels, idsKeep],
            shape: [
                .symbol(ModelGraph.batch), idsKeep == nil ? .fixed(count) : .symbol(ModelGraph.kept), .fixed(values),
            ])
        guard let recipe else { return x }
        let (scale, shift) = recipe.scaleShift(values: values)
        let operands = [
            x, constant("1 / 255 std", [values]) { scale }, constant("-mean / std", [values]) { shift },
        ]
        return graph.add(.scaleShift, named: "normalise", operands, shape: graph[x].shape)
    }

    /// Patches [B, K, P·P·C] → [B, K, D].
    mutating func patchEmbedding(_ patches: ValueID, _ c: ModelConfiguration) throws(ModelError) -> ValueID {
        let plan = c.composition.tokens
        let x = try convolution(
            patches, "patch_embed.proj", from: c.channels, to: c.embeddingWidth, kernel: c.cut, bias: plan.patchBias)
        return plan.patchNorm ? try norm(x, "patch_embed.norm", c.composition.block.norm, epsilon: c.normEpsilon) : x
    }

    /// A convolution over what its kernel covers, [B, K, P·P·C] → [B, K, D]: its kernels [D, C, P, P] are a matrix over that
    /// with the channel fastest.
    mutating func convolution(
        _ covered: ValueID, _ name: String, from C: Int, to D: Int, kernel P: Int, bias: Bool = true
    ) throws(ModelError) -> ValueID {
        let source = (name: "\(name).weight", shape: [D, C, P, P])
        let weight = try derived(source.name, [D, P * P * C], from: [source]) { numbers in
            let kernels = numbers[0]
            var rows = [Float](repeating: 0, count: kernels.count)
            for d in 0..<D {
                for channel in 0..<C {
                    for pixel in 0..<P * P {
                        rows[(d * P * P + pixel) * C + channel] = kernels[(d * C + channel) * P * P + pixel]
                    }
                }
            }
            return rows
        }
        return try linear(covered, name, to: D, bias: bias, weight: weight)
    }
}
