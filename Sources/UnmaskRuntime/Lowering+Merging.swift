internal import CUnmaskKernels
internal import UnmaskGraph

/// Merging tokens.
extension Lowering {
    mutating func match(
        _ node: Node, _ matching: TokenMatching
    ) throws(RuntimeError) -> (Instruction, flops: Int) {
        let members = try shape(of: node.outputs[0])
        let origins = try shape(of: node.outputs[4])
        let (batch, tokens) = (members[0], members[1])
        let keys = try heads(
            node, operand: 0, column: matching.column, heads: matching.heads, headWidth: matching.headWidth,
            images: batch)
        let free = tokens - matching.fixed
        guard keys.tokens == tokens, matching.fixed >= 0, (0...max(0, free / 2)).contains(matching.merged) else {
            throw .malformedNode(
                name: node.name, op: node.op.name,
                problem: "\(matching.merged) of \(tokens) tokens, the first \(matching.fixed) of them fixed")
        }
        var results: [Slot] = []
        for id in node.outputs {
            results.append(memory.place(id, bytes: try shape(of: id).reduce(MemoryLayout<Float>.size, *)))
        }
        let kernel = engine.kernel(.f32)
        let floats = unmask_matching_scratch_floats(
            engine.handle, kernel.handle, batch, tokens, matching.fixed, matching.headWidth)
        let call = Instruction.Matching(
            kernel: kernel, batch: batch, tokens: tokens, fixed: matching.fixed, merged: matching.merged,
            heads: matching.heads, headWidth: matching.headWidth, sources: origins[1], keys: keys.heads,
            sizes: optional(node, 1), origins: optional(node, 2), members: results[0], starts: results[1],
            leftSizes: results[2], bias: results[3], leftOrigins: results[4],
            scratch: try scratch(floats: floats, for: node) ?? .arena(0))
        return (.matchTokens(call), saturatingProduct(2, batch, free / 2, free - free / 2, matching.headWidth))
    }

    mutating func merge(_ node: Node, _ out: [Int]) throws(RuntimeError) -> Instruction {
        let x = try operand(node, 0)
        let members = try operand(node, 1)
        let starts = try operand(node, 2)
        return .mergeTokens(
            .init(
                batch: out[0], tokens: x.shape[1], left: out[1], width: out[2], x: x.slot, members: members.slot,
                starts: starts.slot, sizes: optional(node, 3), out: place(node, out)))
    }
}
