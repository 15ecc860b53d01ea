internal import UnmaskGraph
internal import UnmaskImage

/// The architecture of tensors in timm's names: told from their shapes, where these do not tell it from what is
/// stated, and else from what is usual for the width.
struct ShapedArchitecture {
    let configuration: ModelConfiguration
    /// What was assumed or disagrees.
    let notes: [String]

    init(
        _ tensors: [String: Tensor], stated: StatedArchitecture, _ options: ModelLoadOptions, file: String
    ) throws(ModelError) {
        let shapes = tensors.mapValues(\.shape)
        func dimension(_ name: String, _ axis: Int, rank: Int) throws(ModelError) -> Int {
            guard let shape = shapes[name], shape.count == rank else {
                throw .unrecognised(
                    file: file,
                    detail: "\(name) is \(shapes[name].map { "\($0)" } ?? "missing"), expected \(rank) dimensions")
            }
            return shape[axis]
        }
        var notes = stated.notes
        let width = try dimension("patch_embed.proj.weight", 0, rank: 4)
        let channels = try dimension("patch_embed.proj.weight", 1, rank: 4)
        let patch = try dimension("patch_embed.proj.weight", 2, rank: 4)
        let positions = try dimension("pos_embed", 1, rank: 3)
        let depth = Self.depth(shapes, "blocks")
        notes += stated.contradictions(width: width, depth: depth, patch: patch, channels: channels)
        let heads = options.heads ?? stated.heads ?? Self.usualHeads(width, &notes)
        let imageSize = try Self.imageSize(
            patches: positions - 1, patch: patch, stated: stated.imageSize, option: options.imageSize, &notes, file)
        let epsilon = stated.normEpsilon ?? 1e-6

        var decoder: DecoderConfiguration?
        if shapes["decoder_embed.weight"] != nil {
            let decoderWidth = try dimension("decoder_embed.weight", 0, rank: 2)
            let normPix = options.normPix ?? stated.normPix
            if normPix == nil {
                notes.append(
                    "the file does not say whether the decoder predicts normalised patches; taken as not "
                        + "(--norm-pix says otherwise)")
            }
            decoder = DecoderConfiguration(
                width: decoderWidth, depth: Self.depth(shapes, "decoder_blocks"),
                // MAE's decoders have heads 32 wide: 16 of them at width 512.
                heads: options.decoderHeads ?? max(1, decoderWidth / 32),
                mlpWidth: try dimension("decoder_blocks.0.mlp.fc1.weight", 0, rank: 2), normEpsilon: epsilon,
                normPix: normPix ?? false)
        }
        let fcNorm = shapes["fc_norm.weight"] != nil
        configuration = ModelConfiguration(
            imageSize: imageSize, patchSize: patch, channels: channels, width: width, depth: depth, heads: heads,
            mlpWidth: try dimension("blocks.0.mlp.fc1.weight", 0, rank: 2), normEpsilon: epsilon,
            gelu: stated.gelu ?? .erf, qkvBias: shapes["blocks.0.attn.qkv.bias"] != nil,
            finalNorm: shapes["norm.weight"] != nil, fcNorm: fcNorm,
            pooling: stated.pooling ?? (fcNorm ? .mean : .cls), classes: shapes["head.weight"]?.first ?? 0,
            positionInterpolation: .timm, decoder: decoder)
        self.notes = notes
        try configuration.validate()
    }

    /// timm's and MAE's named models: tiny 3, small 6, base 12, large 16, huge 16 (heads 80 wide), giant 16.
    private static func usualHeads(_ width: Int, _ notes: inout [String]) -> Int {
        let heads = width == 1280 || width == 1408 ? 16 : max(1, width / 64)
        if ![192, 384, 768, 1024, 1280, 1408].contains(width) {
            notes.append(
                "the file does not state its attention heads; \(heads) are assumed for width \(width) "
                    + "(--heads says otherwise)")
        }
        return heads
    }

    /// Blocks are numbered from 0 without a gap; a gap shows as missing tensors.
    private static func depth(_ shapes: [String: [Int]], _ prefix: String) -> Int {
        let numbers = shapes.keys.compactMap { name -> Int? in
            guard name.hasPrefix(prefix + ".") else { return nil }
            return name.dropFirst(prefix.count + 1).split(separator: ".").first.flatMap { Int($0) }
        }
        // A forged huge number must not become a huge table of missing names.
        return min((numbers.max() ?? -1) + 1, Set(numbers).count + 1)
    }

    /// The stated size where the positions fit it, else a square, else the size that was asked for.
    private static func imageSize(
        patches: Int, patch: Int, stated: (sides: [Int], place: String)?, option: [Int]?, _ notes: inout [String],
        _ file: String
    ) throws(ModelError) -> [Int] {
        func fits(_ size: [Int]) -> Bool {
            patch > 0 && size.allSatisfy { (1...Recipe.maximumSide).contains($0) && $0 % patch == 0 }
                && size.reduce(1) { $0 * ($1 / patch) } == patches
        }
        if let stated, fits(stated.sides) { return stated.sides }
        let side = Int(Double(max(patches, 0)).squareRoot().rounded())
        if (1...Recipe.maximumSide).contains(side), (1...Recipe.maximumSide).contains(patch), side * side == patches {
            if let stated {
                notes.append(
                    "\(stated.place) is \(stated.sides), which positions for \(patches) patches do not fit; "
                        + "[\(side * patch), \(side * patch)] is taken")
            }
            return [side * patch, side * patch]
        }
        if let option, fits(option) { return option }
        throw .unrecognised(
            file: file,
            detail: "pos_embed has \(max(patches, 0)) patches of \(patch) pixels, which is no square, and "
                + (stated.map { "\($0.place) says \($0.sides)" } ?? "nothing states the image size")
                + ": --size HEIGHTxWIDTH says it, or img_size in a config.json beside the file")
    }
}
