extension Composition {
    /// What sets it apart from a plain Vision Transformer, in words; empty for that.
    public var pieces: [String] {
        switch trunk {
        case .convNeXt(let plan):
            ["convolutional stages of \(plan.stages.map { "\($0.depth)" }.joined(separator: ", ")) blocks"]
                + (plan.responseNorm ? ["global response normalisation"] : [])
                + (block.layerScale ? ["LayerScale"] : []) + (block.norm == .layer ? [] : [block.norm.title])
                + (headInput == nil ? [] : ["layer before the head"])
        case .hiera(let plan):
            ["mask-unit stages of \(plan.stages.map { "\($0.depth)" }.joined(separator: ", ")) blocks"]
                + (plan.projects ? [] : ["widened without a projection"])
                + (plan.globalPositions == nil ? [] : ["positions of the image and of its units"])
                + (block.layerScale ? ["LayerScale"] : [])
        case nil: tokenPieces + attentionPieces + mlpPieces + endPieces
        }
    }

    private var tokenPieces: [String] {
        var pieces: [String] = []
        if !hasClassToken { pieces.append("no CLS token") }
        for token in tokens.prefix where token != .cls {
            pieces.append(token.name == "reg_token" ? "\(token.count) registers" : "distillation token")
        }
        switch tokens.positioned {
        case nil: pieces.append("no learned positions")
        case let positioned? where positioned != prefixCount:
            pieces.append(positioned == 0 ? "positions of patches alone" : "positions of CLS token and patches")
        default: break
        }
        if !tokens.patchBias { pieces.append("patch embedding without bias") }
        if tokens.patchNorm { pieces.append("normalised patch embedding") }
        if tokens.preNorm { pieces.append("norm before the blocks") }
        return pieces
    }

    private var attentionPieces: [String] {
        var pieces: [String] = []
        if block.norm != .layer { pieces.append(block.norm.title) }
        if block.normPlace == .after { pieces.append("norms behind branches") }
        if block.queryKeyNorm { pieces.append("normalised queries and keys") }
        switch block.rotary?.coordinates {
        case .counted?: pieces.append("rotary positions")
        case .centred?: pieces.append("centred rotary positions")
        case .learned?: pieces.append("learned rotary positions")
        case nil: break
        }
        switch block.relativePositions {
        case .perBlock?: pieces.append("relative positions")
        case .shared?: pieces.append("shared relative positions")
        case .decomposed?: pieces.append("relations of rows and columns")
        case nil: break
        }
        if let windows = block.windows { pieces.append("windows of \(windows.side)") }
        if block.attentionNorm { pieces.append("normalised attention") }
        if block.layerScale { pieces.append("LayerScale") }
        return pieces
    }

    private var mlpPieces: [String] {
        var pieces: [String] = []
        switch block.gate {
        case .silu?: pieces.append("MLP gated by SiLU")
        case .gelu(let kind)?: pieces.append("MLP gated by GELU (\(kind.rawValue))")
        case nil: break
        }
        if block.mlpNorm { pieces.append("normalised MLP") }
        return pieces
    }

    private var endPieces: [String] {
        (attentionPool == nil ? [] : ["attention pooling"])
            + (tokenProbe.map { ["probe of \($0.queries) queries"] } ?? []) + (isDistilled ? ["two heads"] : [])
            + (neck.map { ["neck of \($0.width)"] } ?? []) + (headJoinsMean ? ["head on CLS token and mean"] : [])
    }
}

extension BlockPlan.Norm {
    fileprivate var title: String {
        switch self {
        case .layer: "LayerNorm"
        case .rms: "RMSNorm"
        case .deviation: "norms by the deviation"
        }
    }
}
