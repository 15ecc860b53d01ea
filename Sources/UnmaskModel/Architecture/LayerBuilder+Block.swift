internal import Foundation
internal import UnmaskGraph

/// The sizes of a stack of equal blocks.
struct BlockSizes {
    var heads: Int
    var mlpWidth: Int
    var gelu: GELU
    var epsilon: Float
    var qkvBias: Bool
}

/// What all blocks of an encoder share as the graph runs.
struct BlockSurroundings {
    /// Patches along each side.
    var grid: [Int] = []
    var prefix = 0
    var depth = 0
    /// The input that says which patches are kept.
    var idsKeep: ValueID?
}

extension LayerBuilder {
    /// One transformer block, [B, T, D] → [B, T, D] (Dosovitskiy et al. 2020, equations 2 and 3).
    mutating func block(
        _ x: ValueID, _ index: Int, of stack: String, _ sizes: BlockSizes, _ plan: BlockPlan,
        _ around: BlockSurroundings
    ) throws(ModelError) -> ValueID {
        let name = "\(stack).\(index)"
        let attended = try branch(x, name, number: 1, plan, sizes) { (g, y) throws(ModelError) in
            try g.attention(y, name, index, sizes, plan, around)
        }
        let x = add(x, attended, "\(name).attn.residual")
        let mixed = try branch(x, name, number: 2, plan, sizes) { (g, y) throws(ModelError) in
            try g.mlp(y, "\(name).mlp", sizes, plan, scale: plan.scale(2, of: name))
        }
        return add(x, mixed, "\(name).mlp.residual")
    }

    /// A branch with its norm, before it or behind.
    private mutating func branch(
        _ x: ValueID, _ name: String, number: Int, _ plan: BlockPlan, _ sizes: BlockSizes,
        _ body: (inout LayerBuilder, ValueID) throws(ModelError) -> ValueID
    ) throws(ModelError) -> ValueID {
        let norm = "\(name).norm\(number)"
        switch plan.normPlace {
        case .before:
            let y = try self.norm(x, norm, plan.norm, epsilon: sizes.epsilon)
            return try body(&self, y)
        case .after:
            let y = try body(&self, x)
            return try self.norm(y, norm, plan.norm, epsilon: sizes.epsilon)
        }
    }

    private mutating func attention(
        _ x: ValueID, _ block: String, _ index: Int, _ sizes: BlockSizes, _ plan: BlockPlan,
        _ around: BlockSurroundings
    ) throws(ModelError) -> ValueID {
        let (name, width) = ("\(block).attn", self.width(x))
        let inner = plan.attentionWidth ?? width
        let window = plan.windows.flatMap { $0.global.contains(index) ? nil : $0.side }
        let grid = TokenGrid(around.grid)
        let seen = window.map { cut(x, into: $0, grid, name) } ?? x
        var y = try linear(seen, "\(name).qkv", to: 3 * inner, bias: sizes.qkvBias)  // [B, T, 3·D]
        if plan.queryKeyNorm { y = try queryKeyNorm(y, name, headWidth: inner / sizes.heads, sizes, plan) }
        if let rotary = plan.rotary {
            y = try rotated(y, name, index, rotary, headWidth: inner / sizes.heads, heads: sizes.heads, around)
        }
        var operands: [ValueID?] = [y]
        if plan.relativePositions == .decomposed {
            let reach = window.map { TokenGrid([$0, $0]) } ?? grid
            operands += [nil, nil, nil]
            operands += try relationTables(name, headWidth: inner / sizes.heads, reach)
        } else if let bias = try relativePositions(name, plan.relativePositions, sizes, around) {
            operands += [bias, around.idsKeep]
        }
        y = graph.add(
            .attention(heads: sizes.heads), named: name, operands, shape: graph[y].shape.with(width: inner))
        if let window { y = join(y, from: window, grid, name) }
        if plan.attentionNorm { y = try norm(y, "\(name).norm", plan.norm, epsilon: sizes.epsilon) }
        return try linear(  // [B, T, D]
            y, "\(name).proj", to: width, bias: plan.projectionBias, scale: plan.scale(1, of: block))
    }

    /// [B, T, D] → [B, T, D].
    mutating func mlp(
        _ x: ValueID, _ name: String, _ sizes: BlockSizes, _ plan: BlockPlan, scale: String? = nil
    ) throws(ModelError) -> ValueID {
        let (width, middle) = (self.width(x), sizes.mlpWidth)
        var y = x
        if let gate = plan.gate {
            y = try linear(y, "\(name).fc1", to: 2 * middle, bias: plan.mlpBias)  // [B, T, 2·M]
            y = graph.add(.gate(gate), named: "\(name).act", [y], shape: graph[y].shape.with(width: middle))
        } else {
            y = try linear(y, "\(name).fc1", to: middle, bias: plan.mlpBias)  // [B, T, M]
            y = gelu(y, sizes.gelu, "\(name).act")
        }
        if plan.mlpNorm { y = try norm(y, "\(name).norm", plan.norm, epsilon: sizes.epsilon) }
        return try linear(y, "\(name).fc2", to: width, bias: plan.mlpBias, scale: scale)  // [B, T, D]
    }

    private mutating func queryKeyNorm(
        _ qkv: ValueID, _ name: String, headWidth: Int, _ sizes: BlockSizes, _ plan: BlockPlan
    ) throws(ModelError) -> ValueID {
        var operands: [ValueID?] = [qkv]
        for part in ["q_norm", "k_norm"] {
            operands.append(try parameter("\(name).\(part).weight", [headWidth]))
            operands.append(plan.norm == .rms ? nil : try parameter("\(name).\(part).bias", [headWidth]))
        }
        let norm = HeadNorm(heads: sizes.heads, epsilon: sizes.epsilon, isRMS: plan.norm == .rms)
        return graph.add(.normalizeHeads(norm), named: "\(name).qk_norm", operands, shape: graph[qkv].shape)
    }

    private mutating func rotated(
        _ qkv: ValueID, _ name: String, _ index: Int, _ rotary: Rotary, headWidth: Int, heads: Int,
        _ around: BlockSurroundings
    ) throws(ModelError) -> ValueID {
        let isLearned = rotary.coordinates == .learned
        let shape = [isLearned ? heads : 1, around.grid.reduce(1, *), headWidth / 2]
        let frequencies = [2, around.depth, heads, headWidth / 2]
        let tables: [(role: String, function: @Sendable (Double) -> Double)] = [
            ("cosines", { cos($0) }), ("sines", { sin($0) }),
        ]
        var operands: [ValueID?] = [qkv]
        for (role, function) in tables {
            let table: ValueID
            if isLearned {
                table = try derived("\(name).\(role)", shape, from: [(Rotary.frequencies, frequencies)]) { numbers in
                    let count = heads * headWidth / 2
                    var own: [Float] = []
                    for axis in 0..<2 {
                        let start = (axis * around.depth + index) * count
                        own += numbers[0][start..<start + count]
                    }
                    let angles = rotary.angles(grid: around.grid, headWidth: headWidth, learned: own)
                    return angles.map { Float(function($0)) }
                }
            } else {
                table = sharedConstant("rope.\(role)", shape) {
                    rotary.angles(grid: around.grid, headWidth: headWidth).map { Float(function($0)) }
                }
            }
            operands.append(table)
        }
        operands.append(around.idsKeep)
        let rotation = HeadRotation(heads: heads, prefix: around.prefix, halves: rotary.halves)
        return graph.add(.rotateHeads(rotation), named: "\(name).rope", operands, shape: graph[qkv].shape)
    }

    /// The biases of all pairs of tokens; nil where there are none.
    private mutating func relativePositions(
        _ name: String, _ kind: BlockPlan.RelativePositions?, _ sizes: BlockSizes, _ around: BlockSurroundings
    ) throws(ModelError) -> ValueID? {
        guard let kind else { return nil }
        let tokens = around.prefix + around.grid.reduce(1, *)
        let table = [RelativePositions.rows(grid: around.grid), sizes.heads]
        let block = String(name.dropLast("attn".count))
        let parameter = kind == .shared ? RelativePositions.sharedTable : block + RelativePositions.blockTable
        return try sharedDerived(
            "\(parameter), spread", [sizes.heads, tokens, tokens], from: [(parameter, table)]
        ) { RelativePositions.biases($0[0], heads: sizes.heads, grid: around.grid) }
    }
}

extension BlockPlan {
    /// The LayerScale of a branch.
    fileprivate func scale(_ branch: Int, of block: String) -> String? {
        layerScale ? "\(block).ls\(branch).gamma" : nil
    }
}
