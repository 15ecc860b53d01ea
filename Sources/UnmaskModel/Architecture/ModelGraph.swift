internal import UnmaskGraph
internal import UnmaskImage

/// What the pixels are when they come in.
package enum PixelInput: Sendable {
    /// Bytes [B, H, W, C] as `Recipe.prepare` leaves them; the recipe's mean and deviation are applied inside.
    case bytes
    /// float32 [B, C, H, W], normalised by the caller.
    case normalised
}

/// The names of a model graph's inputs, outputs and symbols.
package enum ModelGraph {
    package static let pixels = "pixels", idsKeep = "ids_keep", idsRestore = "ids_restore"
    package static let batch = "B", kept = "K"
    static let cls = "cls", mean = "mean", tokens = "tokens", probabilities = "probabilities"
    package static let logits = "logits", prediction = "prediction"
    /// Which patches were removed (1), of an exported autoencoder.
    package static let mask = "mask"
    /// All tokens after the final norm, CLS first.
    package static let norm = "norm"

    /// The residual stream after an encoder block, CLS first.
    package static func block(_ index: Int) -> String { "blocks.\(index)" }
    package static func decoderBlock(_ index: Int) -> String { "decoder_blocks.\(index)" }

    /// The whole model: an encoder that sees the patches of `ids_keep`, and what the checkpoint has behind it.
    static func build(
        _ c: ModelConfiguration, parameters: [String: Tensor], recipe: Recipe, pixels format: PixelInput
    ) throws(ModelError) -> Graph {
        var g = LayerBuilder(parameters: parameters)
        let encoded = try g.encoder(c, recipe: recipe, pixels: format)  // [B, 1 + K, D]
        try g.heads(c, encoded)
        if let decoder = c.decoder { try g.decoder(c, decoder, encoded) }
        return g.graph
    }
}

extension LayerBuilder {
    /// Pixels and `ids_keep` → [B, 1 + K, D], after the final norm where there is one.
    mutating func encoder(
        _ c: ModelConfiguration, recipe: Recipe, pixels format: PixelInput
    ) throws(ModelError) -> ValueID {
        let (H, W, C, D) = (c.imageSize[0], c.imageSize[1], c.channels, c.width)
        let B = Dimension.symbol(ModelGraph.batch)
        let K = Dimension.symbol(ModelGraph.kept)
        let pixels =
            format == .bytes
            ? graph.addInput(ModelGraph.pixels, [B, .fixed(H), .fixed(W), .fixed(C)], .u8)
            : graph.addInput(ModelGraph.pixels, [B, .fixed(C), .fixed(H), .fixed(W)], .f32)
        let idsKeep = graph.addInput(ModelGraph.idsKeep, [B, K], .i32)

        var x = graph.add(
            .patches(size: c.patchSize), named: "patches", [pixels, idsKeep],
            shape: [B, K, .fixed(c.patchValues)])  // [B, K, P·P·C]
        if format == .bytes {
            let (scale, shift) = recipe.scaleShift(values: c.patchValues)
            let operands = [x, vector("1 / 255 std", scale), vector("-mean / std", shift)]
            x = graph.add(.scaleShift, named: "normalise", operands, shape: graph[x].shape)  // [B, K, P·P·C]
        }
        let bias = try floats("patch_embed.proj.bias")
        x = linear(x, "patch_embed.proj", weight: try patchEmbedding(c), bias: bias)  // [B, K, D]
        let positions = try floats("pos_embed")  // [1 + N, D]
        let cls = zip(try floats("cls_token"), positions).map { $0 + $1 }
        let operands = [
            x, vector("cls_token + pos_embed", cls),
            graph.addConstant("pos_embed", Tensor(Array(positions[D...]), shape: [c.patches, D])), idsKeep,
        ]
        x = graph.add(.assembleTokens, named: "tokens", operands, shape: [B, K + 1, .fixed(D)])  // [B, 1 + K, D]
        for i in 0..<c.depth {
            x = try block(
                x, "blocks.\(i)", width: D, heads: c.heads, gelu: c.gelu, epsilon: c.normEpsilon)  // [B, 1 + K, D]
            graph.addOutput(ModelGraph.block(i), x)
        }
        if c.finalNorm { x = try layerNorm(x, "norm", epsilon: c.normEpsilon) }
        graph.addOutput(ModelGraph.norm, x)
        return x
    }

    /// [B, 1 + K, D] → the pooled vectors [B, D], the patch tokens [B, K, D], and with a head the logits [B, classes].
    mutating func heads(_ c: ModelConfiguration, _ x: ValueID) throws(ModelError) {
        let B = Dimension.symbol(ModelGraph.batch)
        let K = Dimension.symbol(ModelGraph.kept)
        let D = Dimension.fixed(c.width)
        let cls = graph.add(.selectToken(0), named: "cls", [x], shape: [B, D])
        var mean = graph.add(.meanTokens(skip: 1), named: "mean", [x], shape: [B, D])
        if c.fcNorm { mean = try layerNorm(mean, "fc_norm", epsilon: c.normEpsilon) }
        let patchTokens = graph.add(.dropTokens(1), named: "patch tokens", [x], shape: [B, K, D])
        graph.addOutput(ModelGraph.cls, cls)
        graph.addOutput(ModelGraph.mean, mean)
        graph.addOutput(ModelGraph.tokens, patchTokens)
        if let tail = c.vector {
            graph.addOutput(Pooling.output.rawValue, try self.tail(tail, tail.pooling == .mean ? mean : cls))
        }
        guard c.classes > 0 else { return }
        let pooled = try headInput(c, cls: cls, mean: mean)
        let logits = try linear(pooled, "head")  // [B, classes]
        graph.addOutput(ModelGraph.logits, logits)
        graph.addOutput(
            ModelGraph.probabilities, graph.add(.softmax, named: "softmax", [logits], shape: graph[logits].shape))
    }

    /// What the head reads: timm puts `fc_norm` behind either pooling.
    private mutating func headInput(
        _ c: ModelConfiguration, cls: ValueID, mean: ValueID
    ) throws(ModelError) -> ValueID {
        if c.pooling == .mean { return mean }
        return c.fcNorm ? try layerNorm(cls, "fc_norm", epsilon: c.normEpsilon) : cls
    }

    /// [B, 1 + K, D] and `ids_restore` → each patch's predicted values [B, N, P·P·C] (He et al. 2021, section 3).
    mutating func decoder(
        _ c: ModelConfiguration, _ d: DecoderConfiguration, _ encoded: ValueID
    ) throws(ModelError) {
        let B = Dimension.symbol(ModelGraph.batch)
        let N = c.patches
        let idsRestore = graph.addInput(ModelGraph.idsRestore, [B, .fixed(N)], .i32)
        var x = try linear(encoded, "decoder_embed")  // [B, 1 + K, Dd]
        let operands = [
            x, vector("mask_token", try floats("mask_token")),
            graph.addConstant(
                "decoder_pos_embed", Tensor(try floats("decoder_pos_embed"), shape: [1 + N, d.width])), idsRestore,
        ]
        x = graph.add(
            .restoreTokens, named: "decoder tokens", operands,
            shape: [B, .fixed(1 + N), .fixed(d.width)])  // [B, 1 + N, Dd]
        for i in 0..<d.depth {
            x = try block(
                x, "decoder_blocks.\(i)", width: d.width, heads: d.heads, gelu: c.gelu, epsilon: d.normEpsilon)
            graph.addOutput(ModelGraph.decoderBlock(i), x)
        }
        x = try layerNorm(x, "decoder_norm", epsilon: d.normEpsilon)
        x = try linear(x, "decoder_pred")  // [B, 1 + N, P·P·C]
        x = graph.add(
            .dropTokens(1), named: "prediction", [x], shape: [B, .fixed(N), .fixed(c.patchValues)])
        graph.addOutput(ModelGraph.prediction, x)
    }

    /// The convolution's kernels [D, C, P, P] as a matrix over patches with the channel fastest, [D, P·P·C].
    private func patchEmbedding(_ c: ModelConfiguration) throws(ModelError) -> Tensor {
        let (C, P, D) = (c.channels, c.patchSize, c.width)
        let kernels = try floats("patch_embed.proj.weight")
        var rows = [Float](repeating: 0, count: kernels.count)
        for d in 0..<D {
            for channel in 0..<C {
                for pixel in 0..<P * P {
                    rows[(d * P * P + pixel) * C + channel] = kernels[(d * C + channel) * P * P + pixel]
                }
            }
        }
        return Tensor(rows, shape: [D, P * P * C])
    }
}
