internal import UnmaskGraph
internal import UnmaskImage
internal import UnmaskWeights

/// timm's `vit_*` files and the original MAE `.pth` files, which share their parameters' names. The architecture is
/// told from the tensors' shapes; what shapes do not tell comes from a `config.json` beside the file, from the
/// training script's arguments inside a `.pth`, from the load options, or from what is usual for the width.
enum TimmLayout {
    static func recognises(_ names: Set<String>) -> Bool {
        names.contains("patch_embed.proj.weight")
    }

    static func read(
        _ file: TensorFile, place: CheckpointPlace, _ options: ModelLoadOptions
    ) throws(ModelError) -> Checkpoint {
        let shapes = Dictionary(uniqueKeysWithValues: file.tensors.map { ($0.name, $0.tensor.shape) })
        let stated = try place.json("config.json", as: TimmConfig.self) ?? TimmConfig()
        let arguments = file.metadata
        var notes: [String] = []
        func dimension(_ name: String, _ axis: Int, rank: Int) throws(ModelError) -> Int {
            guard let shape = shapes[name], shape.count == rank else {
                throw .unrecognised(
                    file: file.path,
                    detail: "\(name) is \(shapes[name].map { "\($0)" } ?? "missing"), expected \(rank) dimensions")
            }
            return shape[axis]
        }
        let width = try dimension("patch_embed.proj.weight", 0, rank: 4)
        let channels = try dimension("patch_embed.proj.weight", 1, rank: 4)
        let patch = try dimension("patch_embed.proj.weight", 2, rank: 4)
        let positions = try dimension("pos_embed", 1, rank: 3)
        let heads = options.heads ?? stated.heads ?? usualHeads(width, &notes)
        let imageSize = try imageSize(
            patches: positions - 1, patch: patch, stated: stated.imageSize ?? argumentSize(arguments), file: file.path)

        var decoder: DecoderConfiguration?
        let isMAE = shapes["mask_token"] != nil
        if isMAE {
            let decoderWidth = try dimension("decoder_embed.weight", 0, rank: 2)
            let normPix = options.normPix ?? arguments["args.norm_pix_loss"].map { $0.lowercased() == "true" }
            if normPix == nil {
                notes.append("the file does not say whether the decoder predicts normalised patches; taken as not")
            }
            decoder = DecoderConfiguration(
                width: decoderWidth, depth: depth(shapes, "decoder_blocks"),
                // MAE's decoders have heads 32 wide: 16 of them at width 512.
                heads: options.decoderHeads ?? max(1, decoderWidth / 32),
                mlpWidth: try dimension("decoder_blocks.0.mlp.fc1.weight", 0, rank: 2), normPix: normPix ?? false)
        }
        let fcNorm = shapes["fc_norm.weight"] != nil
        let configuration = ModelConfiguration(
            imageSize: imageSize, patchSize: patch, channels: channels, width: width,
            depth: depth(shapes, "blocks"), heads: heads,
            mlpWidth: try dimension("blocks.0.mlp.fc1.weight", 0, rank: 2), normEpsilon: 1e-6,
            qkvBias: shapes["blocks.0.attn.qkv.bias"] != nil, finalNorm: shapes["norm.weight"] != nil, fcNorm: fcNorm,
            pooling: fcNorm || stated.pooling == "avg" ? .mean : .cls, classes: shapes["head.weight"]?.first ?? 0,
            positionInterpolation: .timm, decoder: decoder)
        try configuration.validate()
        // A decoder, or the arguments of a training script: MAE's own.
        let isOriginal = isMAE || arguments.keys.contains { $0.hasPrefix("args.") }
        var resolver = try RecipeResolver(
            imageSize: options.imageSize ?? imageSize, channels: channels, usual: isOriginal ? .mae : .timm)
        try resolver.add(filesBeside: place)
        try resolver.add(options.recipe)
        return Checkpoint(
            configuration: configuration,
            preparation: try resolver.resolve(),
            labels: stated.label_names ?? [], licence: stated.license ?? stated.pretrained_cfg?.license,
            tensors: Dictionary(uniqueKeysWithValues: file.tensors.map { ($0.name, $0.tensor) }), notes: notes)
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

    private static func argumentSize(_ arguments: [String: String]) -> [Int]? {
        arguments["args.input_size"].flatMap { Int($0) }.map { [$0, $0] }
    }

    private static func imageSize(
        patches: Int, patch: Int, stated: [Int]?, file: String
    ) throws(ModelError) -> [Int] {
        if let stated, patch > 0, stated.allSatisfy({ (1...Recipe.maximumSide).contains($0) }),
            stated.reduce(1, { $0 * ($1 / patch) }) == patches
        {
            return stated
        }
        let side = Int(Double(max(patches, 0)).squareRoot().rounded())
        guard side > 0, side * side == patches else {
            throw .unrecognised(
                file: file,
                detail: "pos_embed has \(patches) patches, which is no square, and no config.json states the image size"
            )
        }
        return [side * patch, side * patch]
    }
}

/// What timm's `config.json` says, in its own words.
struct TimmConfig: Decodable {
    var global_pool: String?
    var label_names: [String]?
    var license: String?
    var pretrained_cfg: TimmPreprocessing?
    var model_args: Arguments?

    struct Arguments: Decodable {
        let num_heads: Int?
        let img_size: OneOrTwo?
        let global_pool: String?
    }

    var heads: Int? { model_args?.num_heads }
    var pooling: String? { model_args?.global_pool ?? global_pool }
    var imageSize: [Int]? {
        guard let size = (model_args?.img_size ?? pretrained_cfg?.input_size)?.values else { return nil }
        return size.count == 1 ? size + size : size
    }
}
