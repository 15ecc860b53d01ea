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
    /// The units that are kept of all images of a batch: B·K.
    package static let units = "U"
    static let cls = "cls", mean = "mean", map = "map", tokens = "tokens", probabilities = "probabilities"
    package static let logits = "logits", prediction = "prediction"
    /// Which patches were removed (1), of an exported autoencoder.
    package static let mask = "mask"
    /// All tokens after the final norm, the prefix first.
    package static let norm = "norm"

    /// The residual stream after an encoder block, the prefix first.
    package static func block(_ index: Int) -> String { "blocks.\(index)" }
    package static func decoderBlock(_ index: Int) -> String { "decoder_blocks.\(index)" }

    /// What the symbols stand for in a pass over so many images that see so many patches each.
    package static func bindings(batch: Int, kept: Int) -> [String: Int] {
        [Self.batch: batch, Self.kept: kept, units: saturatingProduct(batch, kept)]
    }

    /// The whole model: an encoder that sees the patches of `ids_keep`, and what the checkpoint has behind it.
    /// - Parameter masks: whether patches may be left out, where the architecture allows it; else there is no `ids_keep`.
    static func build(
        _ c: ModelConfiguration, parameters: [String: Tensor], recipe: Recipe, pixels format: PixelInput,
        masks: Bool = true
    ) throws(ModelError) -> Graph {
        var g = LayerBuilder(parameters: parameters)
        try g.model(c, recipe: recipe, pixels: format, masks: masks)
        return g.graph
    }
}

extension LayerBuilder {
    /// The whole model. Its outputs have the names of `ModelGraph`.
    /// - Parameter recipe: whose mean and deviation are applied to bytes.
    mutating func model(
        _ c: ModelConfiguration, recipe: Recipe?, pixels format: PixelInput, masks: Bool = true
    ) throws(ModelError) {
        let encoded = try encoder(c, recipe: recipe, pixels: format, masks: masks)
        try heads(c, encoded.tokens)
        if let decoder = c.decoder { try self.decoder(c, decoder, encoded) }
    }

    /// Pixels, and `ids_keep` where some may be left out, → [B, R + K, D], after the final norm where there is one.
    private mutating func encoder(
        _ c: ModelConfiguration, recipe: Recipe?, pixels format: PixelInput, masks: Bool
    ) throws(ModelError) -> EncodedImage {
        let (pixels, idsKeep) = inputs(c, format, masks: masks)
        // A trunk leaves out units once their pixels' neighbours are known.
        let patches = patches(
            c, of: pixels, c.composition.trunk == nil ? idsKeep : nil, recipe: format == .bytes ? recipe : nil)
        var encoded: EncodedImage
        switch c.composition.trunk {
        case .convNeXt(let plan):
            let embedded = try plan.stemWidth == nil ? patchEmbedding(patches, c) : overlappingStem(patches, plan, c)
            encoded = EncodedImage(tokens: try convNeXt(embedded, plan, c))
        case .hiera(let plan): encoded = try hiera(patches, plan, c, idsKeep)
        case nil:
            let tokens = try tokens(try patchEmbedding(patches, c), c, idsKeep)
            encoded = EncodedImage(tokens: try blocks(tokens, c, idsKeep))  // [B, R + K, D]
        }
        if c.finalNorm {
            encoded.tokens = try norm(
                encoded.tokens, "norm", c.composition.block.norm,
                epsilon: c.composition.finalNormEpsilon ?? c.normEpsilon)
        }
        graph.addOutput(ModelGraph.norm, encoded.tokens)
        return encoded
    }

    /// [B, R + K, D] → [B, R + K, D], through equal blocks.
    private mutating func blocks(
        _ tokens: ValueID, _ c: ModelConfiguration, _ idsKeep: ValueID?
    ) throws(ModelError) -> ValueID {
        var x = tokens
        let around = BlockSurroundings(
            grid: c.grid, prefix: c.composition.prefixCount, depth: c.depth, idsKeep: idsKeep)
        for i in 0..<c.depth {
            x = try block(x, i, of: "blocks", c.blockSizes, c.composition.block, around)  // [B, R + K, D]
            graph.addOutput(ModelGraph.block(i), x)
        }
        return try c.composition.neck.map { neck throws(ModelError) in try self.neck(x, neck, c) } ?? x
    }

    /// Embedded patches [B, K, D] → what the first block reads, [B, R + K, D].
    private mutating func tokens(
        _ patches: ValueID, _ c: ModelConfiguration, _ idsKeep: ValueID?
    ) throws(ModelError) -> ValueID {
        let (D, plan, R) = (c.width, c.composition.tokens, c.composition.prefixCount)
        let tokens = plan.prefix.map { (name: $0.name, shape: [1, $0.count, D]) }
        let positions = plan.positioned.map { (name: "pos_embed", shape: [1, $0 + c.patches, D]) }
        let positioned = plan.positioned ?? 0
        var prefix: ValueID?
        if R > 0 {
            let name = (tokens.map(\.name) + (positioned > 0 ? ["pos_embed"] : [])).joined(separator: " + ")
            let sources = tokens + (positioned > 0 ? [positions].compactMap(\.self) : [])
            prefix = try derived(name, [R, D], from: sources) { numbers in
                var rows = Array(numbers[..<tokens.count].joined())
                for i in 0..<positioned * D { rows[i] += numbers[tokens.count][i] }
                return rows
            }
        }
        let places = try positions.map { positions throws(ModelError) in
            try derived(positions.name, [c.patches, D], from: [positions]) { Array($0[0][(positioned * D)...]) }
        }
        let x = graph.add(
            .assembleTokens, named: "tokens", [patches, prefix, places, idsKeep],
            shape: [graph[patches].shape.dimensions[0], graph[patches].shape.dimensions[1] + R, .fixed(D)])
        return plan.preNorm ? try norm(x, "norm_pre", c.composition.block.norm, epsilon: c.normEpsilon) : x
    }

    /// [B, R + K, D] and `ids_restore` → each patch's predicted values [B, N, P·P·C] (He et al. 2021, section 3).
    private mutating func decoder(
        _ c: ModelConfiguration, _ d: DecoderConfiguration, _ encoded: EncodedImage
    ) throws(ModelError) {
        let (B, N, R) = (Dimension.symbol(ModelGraph.batch), c.patches, c.composition.prefixCount)
        let idsRestore = graph.addInput(ModelGraph.idsRestore, [B, .fixed(N)], .i32)
        var x = encoded.tokens
        var order: [Int]?  // of a patch's numbers in the file
        if case .hiera(let plan) = c.composition.trunk {
            (x, order) = (try fusedStages(encoded, plan, c), c.planewisePatch)
        }
        x = try linear(x, "decoder_embed", to: d.width)  // [B, R + K, Dd]
        let operands = [
            x, try derived("mask_token", [d.width], from: [("mask_token", [1, 1, d.width])]) { $0[0] },
            try derived("decoder_pos_embed", [R + N, d.width], from: [("decoder_pos_embed", [1, R + N, d.width])]) {
                $0[0]
            }, idsRestore,
        ]
        x = graph.add(
            .restoreTokens, named: "decoder tokens", operands,
            shape: [B, .fixed(R + N), .fixed(d.width)])  // [B, R + N, Dd]
        let sizes = BlockSizes(
            heads: d.heads, mlpWidth: d.mlpWidth, gelu: c.gelu, epsilon: d.normEpsilon, qkvBias: c.qkvBias)
        for i in 0..<d.depth {
            x = try block(x, i, of: "decoder_blocks", sizes, BlockPlan(), BlockSurroundings())
            graph.addOutput(ModelGraph.decoderBlock(i), x)
        }
        x = try norm(x, "decoder_norm", epsilon: d.normEpsilon)
        x = try linear(x, "decoder_pred", to: c.patchValues, order: order)  // [B, R + N, P·P·C]
        x = graph.add(.dropTokens(R), named: "prediction", [x], shape: [B, .fixed(N), .fixed(c.patchValues)])
        graph.addOutput(ModelGraph.prediction, x)
    }
}

/// What an encoder leaves of an image.
struct EncodedImage {
    /// [B, R + K, D].
    var tokens: ValueID
    /// What each stage of a trunk leaves, [B, K, S·S·D], the tokens of a unit, nested, side by side; empty elsewhere.
    var stages: [ValueID] = []
}

extension ModelConfiguration {
    /// Where each number of a patch stands in a file that has its channels one behind another.
    fileprivate var planewisePatch: [Int] {
        (0..<patchValues).map { $0 % channels * patchSize * patchSize + $0 / channels }
    }

    fileprivate var blockSizes: BlockSizes {
        BlockSizes(heads: heads, mlpWidth: mlpWidth, gelu: gelu, epsilon: normEpsilon, qkvBias: qkvBias)
    }
}
