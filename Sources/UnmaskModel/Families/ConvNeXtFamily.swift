internal import UnmaskGraph

/// timm's `convnext`, and transformers' `convnext` and `convnextv2`: ConvNeXt, ConvNeXt V2 and its FCMAE.
enum ConvNeXtFamily: ArchitectureFamily {
    static func facts(of architecture: String) -> ArchitectureFacts? {
        let name = ArchitectureName(architecture)
        guard name.begins("convnext", "test_convnext") else { return nil }
        var facts = ArchitectureFacts()
        if name.has("xxlarge") || name.begins("test_") { facts.normEpsilon = 1e-5 }
        if name.begins("test_") { facts.gelu = .tanh }
        if name.text == "test_convnext3" { facts.uncomputable = "SiLU in its MLPs" }
        if name.has("zepto") { facts.uncomputable = "norms by the deviation alone" }
        return facts
    }

    /// Of transformers' configuration, whose epsilon is that of the last norm alone.
    static func facts(config: [String: JSONMember]) -> ArchitectureFacts {
        var facts = ArchitectureFacts()
        facts.fcNormEpsilon = config["layer_norm_eps"]?.number.map { Float($0) } ?? 1e-12
        return facts
    }
}

/// The architecture of a ConvNeXt's tensors, in the names that `ConvNeXtLayout` gives them.
struct ShapedConvNeXt {
    let configuration: ModelConfiguration

    static func recognises(_ shapes: TensorShapes) -> Bool { shapes["stages.0.blocks.0.conv_dw.weight"] != nil }

    init(
        _ shapes: TensorShapes, stated: StatedArchitecture, facts: ArchitectureFacts?, _ options: ModelLoadOptions,
        file: String
    ) throws(ModelError) {
        let block = "stages.0.blocks.0."
        let isRMS = shapes[block + "norm.bias"] == nil
        try Self.refuse(shapes, isRMS: isRMS, stated, facts, file)
        let plan = try Self.plan(shapes)
        guard let last = plan.stages.last else {
            throw .unrecognised(file: file, detail: "it has no stages")
        }
        var composition = Composition()
        composition.trunk = .convNeXt(plan)
        composition.tokens.prefix = []
        composition.tokens.positioned = nil
        composition.tokens.patchNorm = true
        composition.block.norm = isRMS ? .rms : .layer
        composition.block.layerScale = shapes[block + "gamma"] != nil
        composition.fcNormEpsilon = facts?.fcNormEpsilon
        let usual = stated.imageSize?.sides ?? options.imageSize ?? [224, 224]
        configuration = ModelConfiguration(
            imageSize: usual, patchSize: plan.stride,
            channels: try shapes.size("patch_embed.proj.weight", 1, rank: 4), width: last.width,
            depth: plan.blocks.count, heads: 1, mlpWidth: last.mlpWidth,
            normEpsilon: (facts?.fcNormEpsilon == nil ? stated.normEpsilon : nil) ?? facts?.normEpsilon ?? 1e-6,
            gelu: stated.gelu ?? facts?.gelu ?? .erf, qkvBias: false, finalNorm: shapes["norm.weight"] != nil,
            fcNorm: shapes["fc_norm.weight"] != nil, pooling: .mean, classes: shapes["head.weight"]?.first ?? 0,
            composition: composition)
        try configuration.validate()
    }

    private static func plan(_ shapes: TensorShapes) throws(ModelError) -> ConvNeXtPlan {
        var stages: [ConvNeXtPlan.Stage] = []
        // Stages beyond what any network has are found by the configuration's check, or as tensors without a place.
        for number in 0..<min(shapes.depth("stages"), 16) {
            let stage = "stages.\(number)."
            let block = stage + "blocks.0."
            let stride: Int? =
                shapes[stage + "downsample.1.weight"] == nil
                ? nil : try shapes.size(stage + "downsample.1.weight", 2, rank: 4)
            stages.append(
                ConvNeXtPlan.Stage(
                    width: try shapes.size(block + "conv_dw.weight", 0, rank: 4),
                    depth: shapes.depth(stage + "blocks"),
                    mlpWidth: try shapes.size(block + "mlp.fc2.weight", 1, rank: 2),
                    kernel: try shapes.size(block + "conv_dw.weight", 2, rank: 4), stride: stride))
        }
        let isOverlapping = shapes["patch_embed.proj2.weight"] != nil
        return ConvNeXtPlan(
            stem: isOverlapping
                ? ConvNeXtPlan.overlap.stem : try shapes.size("patch_embed.proj.weight", 2, rank: 4),
            stemWidth: isOverlapping ? try shapes.size("patch_embed.proj.weight", 0, rank: 4) : nil, stages: stages,
            responseNorm: shapes["stages.0.blocks.0.mlp.grn.weight"] != nil)
    }

    private static func refuse(
        _ shapes: TensorShapes, isRMS: Bool, _ stated: StatedArchitecture, _ facts: ArchitectureFacts?, _ file: String
    ) throws(ModelError) {
        var feature: String?
        if shapes["stem.2.weight"] != nil { feature = "an activation in its stem" }
        if stated.isSiLU { feature = "SiLU in its MLPs" }
        if isRMS, stated.architecture?.contains("_rms") != true {
            feature = "norms without biases, which may be of more than one kind and its tensors do not tell"
        }
        guard let feature else { return }
        throw .unsupported(file: file, feature: "a ConvNeXt with \(feature): \(ForeignFamily.way)")
    }
}
