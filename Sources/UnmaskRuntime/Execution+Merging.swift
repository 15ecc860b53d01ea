internal import CUnmaskKernels

/// Merging tokens.
extension Execution {
    private func writableIDs(_ slot: Slot) -> UnsafeMutablePointer<Int32> {
        address(slot).assumingMemoryBound(to: Int32.self)
    }

    func run(_ m: Instruction.Matching) {
        var call = unmask_matching(
            kernel: m.kernel.handle, batch: m.batch, tokens: m.tokens, fixed: m.fixed, merged: m.merged, heads: m.heads,
            head_dim: m.headWidth, keys: heads(m.keys), sizes: floats(m.sizes), sources: m.sources,
            origins: ids(m.origins), members: writableIDs(m.members), starts: writableIDs(m.starts),
            left_sizes: floats(m.leftSizes), bias: floats(m.bias), left_origins: writableIDs(m.leftOrigins),
            scratch: floats(m.scratch))
        unmask_match_tokens(engine, &call)
    }

    func run(_ m: Instruction.Merge) {
        unmask_f32_merge_tokens(
            engine, m.batch, m.tokens, m.left, m.width, floats(m.x), ids(m.members), ids(m.starts), floats(m.sizes),
            floats(m.out))
    }
}
