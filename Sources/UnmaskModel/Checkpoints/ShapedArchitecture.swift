internal import UnmaskGraph
internal import UnmaskImage

/// The architecture of tensors in timm's names: told from their shapes; where these do not tell it from what is stated and
/// from the architecture's name, and else from what is usual for the width.
struct ShapedArchitecture {
    let configuration: ModelConfiguration
    /// What was assumed or disagrees.
    let notes: [String]

    init(
        _ tensors: [String: Tensor], stated: StatedArchitecture, facts: ArchitectureFacts?,
        _ options: ModelLoadOptions, file: String
    ) throws(ModelError) {
        let shapes = TensorShapes(tensors.mapValues(\.shape), file: file)
        if let feature = facts?.uncomputable {
            throw .unsupported(file: file, feature: "\(stated.architecture ?? "") has \(feature): \(ForeignFamily.way)")
        }
        if ShapedConvNeXt.recognises(shapes) {
            let shaped = try ShapedConvNeXt(shapes, stated: stated, facts: facts, options, file: file)
            self.configuration = shaped.configuration
            self.notes = stated.notes
            return
        }
        if ShapedHiera.recognises(shapes) {
            let shaped = try ShapedHiera(shapes, stated: stated, facts: facts, options, file: file)
            self.configuration = shaped.configuration
            self.notes = shaped.notes
            return
        }
        var notes = stated.notes
        let width = try shapes.size("patch_embed.proj.weight", 0, rank: 4)
        let channels = try shapes.size("patch_embed.proj.weight", 1, rank: 4)
        let patch = try shapes.size("patch_embed.proj.weight", 2, rank: 4)
        let depth = shapes.depth("blocks")
        notes += stated.contradictions(width: width, depth: depth, patch: patch, channels: channels)
        var composition = try ShapedComposition(shapes, facts: facts, file: file).composition
        let inner = composition.block.attentionWidth ?? width
        let heads =
            options.heads ?? stated.heads ?? shapes.heads(width: inner) ?? facts?.heads
            ?? facts?.headWidth.map { max(1, inner / $0) } ?? Self.usualHeads(width, isNamed: facts != nil, &notes)
        // Where MLPs are gated, SiLU is what is said of the gate.
        let said = composition.block.gate != nil && stated.gelu == .silu ? nil : stated.gelu
        let gelu = said ?? facts?.gelu ?? .erf
        composition.attentionPool?.heads = stated.poolHeads ?? facts?.poolHeads ?? heads
        composition.attentionPool?.gelu = gelu
        let grid = try PatchGridChoice(
            shapes, patch: patch, composition: composition, stated: stated.imageSize,
            usual: facts?.imageSize, option: options.imageSize,
            file: file)
        composition.tokens.positioned = grid.positioned
        let windows = stated.windows(depth: depth) ?? facts?.windows
        composition.block.windows =
            composition.block.relativePositions == .decomposed
            ? try ShapedWindows(
                shapes, depth: depth, grid: grid.imageSize.map { $0 / max(patch, 1) }, said: windows,
                isResized: options.imageSize.map { $0 != grid.imageSize } ?? false, file: file
            ).plan : windows.flatMap { $0.side > 0 ? $0 : nil }
        notes += grid.notes
        try stated.agree(with: composition, file: file)

        let epsilon = stated.normEpsilon ?? facts?.normEpsilon ?? 1e-6
        let decoder = try Self.decoder(shapes, stated, options, epsilon: epsilon, &notes)
        let fcNorm = shapes["fc_norm.weight"] != nil
        let usualPooling: Pooling =
            composition.attentionPool != nil ? .map : fcNorm || !composition.hasClassToken ? .mean : .cls
        configuration = ModelConfiguration(
            imageSize: grid.imageSize, patchSize: patch, channels: channels, width: width, depth: depth, heads: heads,
            mlpWidth: try shapes.size("blocks.0.mlp.fc2.weight", 1, rank: 2), normEpsilon: epsilon, gelu: gelu,
            qkvBias: shapes["blocks.0.attn.qkv.bias"] != nil, finalNorm: shapes["norm.weight"] != nil, fcNorm: fcNorm,
            pooling: stated.pooling ?? usualPooling, classes: shapes["head.weight"]?.first ?? 0,
            positionInterpolation: facts?.interpolation ?? .timm, decoder: decoder, composition: composition)
        self.notes = notes
        try configuration.validate()
    }

    /// The decoder that the tensors show; nil where they show none.
    static func decoder(
        _ shapes: TensorShapes, _ stated: StatedArchitecture, _ options: ModelLoadOptions, epsilon: Float,
        _ notes: inout [String]
    ) throws(ModelError) -> DecoderConfiguration? {
        guard shapes["decoder_embed.weight"] != nil else { return nil }
        let width = try shapes.size("decoder_embed.weight", 0, rank: 2)
        let normPix = options.normPix ?? stated.normPix
        if normPix == nil {
            notes.append(
                "the file does not say whether the decoder predicts normalised patches; taken as not "
                    + "(--norm-pix says otherwise)")
        }
        return DecoderConfiguration(
            width: width, depth: shapes.depth("decoder_blocks"),
            // MAE's decoders have heads 32 wide: 16 of them at width 512.
            heads: options.decoderHeads ?? stated.decoderHeads ?? max(1, width / 32),
            mlpWidth: try shapes.size("decoder_blocks.0.mlp.fc1.weight", 0, rank: 2), normEpsilon: epsilon,
            normPix: normPix ?? false)
    }

    /// timm's and MAE's named models: tiny 3, small 6, base 12, large 16, huge 16 (heads 80 wide), giant 16.
    private static func usualHeads(_ width: Int, isNamed: Bool, _ notes: inout [String]) -> Int {
        let heads = width == 1280 || width == 1408 ? 16 : max(1, width / 64)
        if ![192, 384, 768, 1024, 1280, 1408].contains(width), !isNamed {
            notes.append(
                "the file does not state its attention heads; \(heads) are assumed for width \(width) "
                    + "(--heads says otherwise)")
        }
        return heads
    }
}

/// The shapes of a file's tensors, in timm's names.
struct TensorShapes {
    private let shapes: [String: [Int]]
    private let file: String

    init(_ shapes: [String: [Int]], file: String) {
        self.shapes = shapes
        self.file = file
    }

    subscript(name: String) -> [Int]? { shapes[name] }

    func size(_ name: String, _ axis: Int, rank: Int) throws(ModelError) -> Int {
        guard let shape = shapes[name], shape.count == rank else {
            throw .unrecognised(
                file: file,
                detail: "\(name) is \(shapes[name].map { "\($0)" } ?? "missing"), expected \(rank) dimensions")
        }
        return shape[axis]
    }

    /// Blocks are numbered from 0 without a gap; a gap shows as missing tensors.
    func depth(_ prefix: String) -> Int {
        let numbers = shapes.keys.compactMap { name -> Int? in
            guard name.hasPrefix(prefix + ".") else { return nil }
            return name.dropFirst(prefix.count + 1).split(separator: ".").first.flatMap { Int($0) }
        }
        // A forged huge number must not become a huge table of missing names.
        return min((numbers.max() ?? -1) + 1, Set(numbers).count + 1)
    }

    /// Attention heads, where a table or a norm has an entry for each, or is as wide as one.
    func heads(width: Int) -> Int? {
        if let table = shapes["blocks.0." + RelativePositions.blockTable] ?? shapes[RelativePositions.sharedTable] {
            return table.last
        }
        if let frequencies = shapes[Rotary.frequencies], frequencies.count == 4 { return frequencies[2] }
        for name in ["blocks.0.attn.q_norm.weight", "blocks.0.attn.rel_pos_h"] {
            if let headWidth = shapes[name]?.last, headWidth > 0 { return width / headWidth }
        }
        return nil
    }
}
