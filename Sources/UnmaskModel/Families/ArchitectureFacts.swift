internal import UnmaskGraph

/// What an architecture's name says and its tensors do not show.
struct ArchitectureFacts {
    /// Attention heads; nil: as usual for the width.
    var heads: Int?
    /// Attention heads of each stage; nil: twice as many as the one before.
    var stageHeads: [Int]?
    /// The width of one head, where that decides their number.
    var headWidth: Int?
    var normEpsilon: Float = 1e-6
    /// Of the norm behind the pooling, where that is another.
    var fcNormEpsilon: Float?
    var gelu = GELU.erf
    var normPlace = BlockPlan.NormPlace.before
    var rotary: Rotary?
    /// Of attention pooling; nil: as many as the blocks have.
    var poolHeads: Int?
    var poolReadsPrefix = false
    /// What norms without a bias are; nil where their tensors may be of several kinds.
    var norm: BlockPlan.Norm?
    /// Windows of blocks whose tensors do not tell them.
    var windows: WindowPlan?
    /// What a gated MLP's first half goes through.
    var gate = Gate.silu
    var interpolation = PositionInterpolation.timm
    /// Of a model without learned positions, where nothing states it.
    var imageSize: [Int]?
    /// Whether keys may have no bias where queries and values have one.
    var keysHaveNoBias = false
    /// What of it is not computed; nil where all of it is.
    var uncomputable: String?
}

/// Models whose names in timm say something of them. Of each, one file says how they are read.
protocol ArchitectureFamily: Sendable {
    /// Nil where the name is no member's.
    static func facts(of architecture: String) -> ArchitectureFacts?
}

extension ArchitectureFacts {
    private static let families: [any ArchitectureFamily.Type] = [
        EVAFamily.self, ViTFamily.self, ConvNeXtFamily.self, HieraFamily.self,
    ]

    /// What timm's name of an architecture says; nil for a name that is not known.
    static func named(_ architecture: String) -> ArchitectureFacts? {
        families.lazy.compactMap { $0.facts(of: architecture) }.first
    }
}

/// The parts of a name like `vit_base_patch16_rope_224`.
struct ArchitectureName {
    let text: String
    let parts: [String]

    init(_ text: String) {
        self.text = text
        parts = text.split(separator: "_").map(String.init)
    }

    func has(_ parts: String...) -> Bool { parts.allSatisfy(self.parts.contains) }

    func begins(_ prefixes: String...) -> Bool { prefixes.contains { text.hasPrefix($0) } }

    /// Of square patches; nil where the name does not say.
    var patchSize: Int? {
        parts.lazy.compactMap { $0.hasPrefix("patch") ? Int($0.dropFirst("patch".count)) : nil }.first
    }

    /// Of a square image, the last number.
    var imageSize: Int? { parts.lazy.reversed().compactMap { Int($0) }.first }
}
