extension ModelConfiguration {
    private static let limits = (stages: 8, side: 64, kernel: 63, width: 16384, depth: 512, positions: 1024)

    /// What of a network of stages does not fit together.
    var trunkProblems: [String] {
        switch composition.trunk {
        case .convNeXt(let plan): commonTrunkProblems + problems(plan)
        case .hiera(let plan): commonTrunkProblems + problems(plan)
        case nil: []
        }
    }

    /// A trunk has no tokens in front, and none of a Transformer's pieces that it does not name itself.
    private var commonTrunkProblems: [String] {
        var expected = Composition()
        expected.tokens.prefix = []
        expected.tokens.positioned = nil
        expected.tokens.patchNorm = composition.tokens.patchNorm
        expected.block.norm = composition.block.norm
        expected.block.layerScale = composition.block.layerScale
        expected.trunk = composition.trunk
        expected.fcNormEpsilon = composition.fcNormEpsilon
        expected.headInput = composition.headInput
        var problems: [String] = []
        if composition != expected { problems.append("its stages have pieces that they cannot have") }
        if let epsilon = composition.fcNormEpsilon, !(epsilon > 0 && epsilon < 1) {
            problems.append("fc_norm's epsilon is \(epsilon); expected a small positive number")
        }
        if ![.mean, .tokens].contains(pooling) {
            problems.append("pooling is \(pooling.rawValue); a network of stages offers mean and tokens")
        }
        return problems
    }

    private func problems(_ plan: ConvNeXtPlan) -> [String] {
        var problems: [String] = []
        let limits = Self.limits
        problems.bound("the number of stages", plan.stages.count, 1...limits.stages)
        problems.bound("the stem's patch_size", plan.stem, 1...limits.side)
        if let width = plan.stemWidth {
            problems.bound("the stem's width", width, 1...limits.width)
            if plan.stem != ConvNeXtPlan.overlap.stem {
                problems.append(
                    "two overlapping convolutions make patches of \(ConvNeXtPlan.overlap.stem), not \(plan.stem)")
            }
        }
        for stage in plan.stages.prefix(limits.stages) {
            problems.bound("a stage's width", stage.width, 1...limits.width)
            problems.bound("a stage's depth", stage.depth, 0...limits.depth)
            problems.bound("a stage's mlp_width", stage.mlpWidth, 1...8 * limits.width)
            problems.bound("a stage's kernel", stage.kernel, 1...limits.kernel)
            if stage.kernel % 2 == 0 { problems.append("a stage's kernel is \(stage.kernel); expected an odd one") }
            if let stride = stage.stride { problems.bound("a stage's stride", stride, 1...limits.side) }
        }
        guard problems.isEmpty else { return problems }
        var (side, width) = (plan.stem, plan.stages[0].width)
        for stage in plan.stages {
            if stage.stride == nil, stage.width != width { problems.append("a stage widens and does not say how") }
            (side, width) = (min(side * (stage.stride ?? 1), 1 << 30), stage.width)
        }
        if side != patchSize { problems.append("patch_size is \(patchSize); its stages make it \(side)") }
        if width != self.width { problems.append("width is \(self.width); its last stage has \(width)") }
        let blocks = plan.stages.reduce(0) { $0 + $1.depth }
        if blocks != depth { problems.append("depth is \(depth); its stages have \(blocks) blocks") }
        return problems
    }

    private func problems(_ plan: HieraPlan) -> [String] {
        var problems: [String] = []
        let limits = Self.limits
        problems.bound("the number of stages", plan.stages.count, 1...limits.stages)
        problems.bound("the patch embedding's kernel", plan.kernel, 1...limits.kernel)
        problems.bound("the patch embedding's stride", plan.stride, 1...limits.side)
        problems.bound("the patch embedding's padding", plan.padding, 0...limits.kernel)
        for side in plan.globalPositions ?? [] { problems.bound("a side of the positions", side, 1...limits.positions) }
        if let sides = plan.globalPositions, sides.count != 2 { problems.append("positions are \(sides)") }
        for stage in plan.stages.prefix(limits.stages) {
            problems.bound("a stage's width", stage.width, 1...limits.width)
            problems.bound("a stage's depth", stage.depth, 1...limits.depth)
            problems.bound("a stage's mlp_width", stage.mlpWidth, 1...8 * limits.width)
            if stage.heads < 1 || stage.width % max(stage.heads, 1) != 0 {
                problems.append("a stage's width \(stage.width) is not a multiple of its heads \(stage.heads)")
            }
        }
        guard problems.isEmpty else { return problems }
        if plan.stride * plan.unit != patchSize {
            problems.append("patch_size is \(patchSize); its stages make it \(plan.stride * plan.unit)")
        }
        if plan.stages.last?.width != width { problems.append("width is \(width), and its last stage's is another") }
        let blocks = plan.stages.reduce(0) { $0 + $1.depth }
        if blocks != depth { problems.append("depth is \(depth); its stages have \(blocks) blocks") }
        if !plan.projects, zip(plan.stages, plan.stages.dropFirst()).contains(where: { $1.width != 2 * $0.width }) {
            problems.append("stages without a projection double their width")
        }
        return problems
    }
}
