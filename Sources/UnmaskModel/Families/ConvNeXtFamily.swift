internal import UnmaskGraph

/// timm's `convnext`, and transformers' `convnext` and `convnextv2`: ConvNeXt, ConvNeXt V2 and its FCMAE.
enum ConvNeXtFamily: ArchitectureFamily {
    static func facts(of architecture: String) -> ArchitectureFacts? {
        let name = ArchitectureName(architecture)
        guard name.begins("convnext", "test_convnext") else { return nil }
        var facts = ArchitectureFacts()
        if name.has("xxlarge") || name.begins("test_") { facts.normEpsilon = 1e-5 }
        if name.begins("test_") { facts.gelu = .tanh }
        if name.text == "test_convnext3" { facts.gelu = .silu }
        if name.has("rms") { facts.norm = name.has("zepto") ? .deviation : .rms }
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
        let norm = shapes[block + "norm.bias"] == nil ? facts?.norm : .layer
        guard let norm else {
            throw .unsupported(
                file: file,
                feature: "a ConvNeXt with norms without biases, which may be of more than one kind and its tensors do "
                    + "not tell: put timm's config.json beside the file, whose “architecture” says what it is")
        }
        let gelu = stated.gelu ?? facts?.gelu ?? .erf
        let plan = try Self.plan(shapes, gelu: gelu)
        guard let last = plan.stages.last else {
            throw .unrecognised(file: file, detail: "it has no stages")
        }
        var composition = Composition()
        composition.trunk = .convNeXt(plan)
        composition.tokens.prefix = []
        composition.tokens.positioned = nil
        composition.tokens.patchNorm = true
        composition.block.norm = norm
        composition.block.layerScale = shapes[block + "gamma"] != nil
        composition.fcNormEpsilon = facts?.fcNormEpsilon
        let vector = try Self.headLayer(shapes, stated, file)
        if vector != nil, shapes["head.weight"] != nil { composition.headInput = .vector }
        let usual = stated.imageSize?.sides ?? options.imageSize ?? [224, 224]
        configuration = ModelConfiguration(
            imageSize: usual, patchSize: plan.stride,
            channels: try shapes.size("patch_embed.proj.weight", 1, rank: 4), width: last.width,
            depth: plan.blocks.count, heads: 1, mlpWidth: last.mlpWidth,
            normEpsilon: (facts?.fcNormEpsilon == nil ? stated.normEpsilon : nil) ?? facts?.normEpsilon ?? 1e-6,
            gelu: gelu, qkvBias: false, finalNorm: shapes["norm.weight"] != nil,
            fcNorm: shapes["fc_norm.weight"] != nil, pooling: .mean, classes: shapes["head.weight"]?.first ?? 0,
            vector: vector, composition: composition)
        try configuration.validate()
    }

    private static func plan(_ shapes: TensorShapes, gelu: GELU) throws(ModelError) -> ConvNeXtPlan {
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
        let isActivated = shapes[ConvNeXtPlan.activatedProjection + ".weight"] != nil
        let isOverlapping = isActivated || shapes[ConvNeXtPlan.projection + ".weight"] != nil
        return ConvNeXtPlan(
            stem: isOverlapping
                ? ConvNeXtPlan.overlap.stem : try shapes.size("patch_embed.proj.weight", 2, rank: 4),
            stemWidth: isOverlapping ? try shapes.size("patch_embed.proj.weight", 0, rank: 4) : nil,
            stemActivation: isActivated ? gelu : nil, stages: stages,
            responseNorm: shapes["stages.0.blocks.0.mlp.grn.weight"] != nil)
    }

    /// A layer between the norm behind the pooling and the head, activated by the exact GELU whatever the blocks have: what
    /// timm gives as the model's vector.
    private static func headLayer(
        _ shapes: TensorShapes, _ stated: StatedArchitecture, _ file: String
    ) throws(ModelError) -> VectorTail? {
        let name = VectorTail.parameter(0) + ".weight"
        let width = shapes[name] == nil ? nil : try shapes.size(name, 0, rank: 2)
        if let said = stated.number("head_hidden_size"), said != width ?? 0 {
            throw stated.disagreement("head_hidden_size", "the tensors show \(width ?? 0)", file)
        }
        return width.map { VectorTail(pooling: .mean, steps: [.linear(width: $0), .gelu(.erf)]) }
    }
}
