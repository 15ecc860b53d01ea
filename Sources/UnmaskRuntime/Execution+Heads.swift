internal import CUnmaskKernels
internal import UnmaskGraph

extension Execution {
    func activation(_ gate: Gate) -> unmask_activation {
        switch gate {
        case .silu: UNMASK_ACTIVATION_SILU
        case .gelu(let kind): activation(kind)
        }
    }

    func run(_ call: Instruction.NormalizeHeads) {
        var parts = heads(of: call.joint)
        for (part, weight, bias) in [
            (0, call.queryWeight, call.queryBias), (1, call.keyWeight, call.keyBias),
        ] {
            parts.x = floats(call.joint.out) + part * call.joint.heads * call.joint.headWidth
            unmask_f32_normalize_heads(engine, &parts, floats(weight), floats(bias), call.epsilon, call.isRMS)
        }
    }

    /// Queries and keys, which stand behind one another, are turned as twice as many heads.
    func run(_ call: Instruction.RotateHeads) {
        var parts = heads(of: call.joint)
        parts.heads = 2 * call.joint.heads
        var rotation = unmask_rotation(
            tokens: call.tokens, prefix: call.prefix, ids: ids(call.ids), groups: call.groups, patches: call.patches,
            cosines: floats(call.cosines), sines: floats(call.sines), halves: call.halves)
        unmask_f32_rotate_heads(engine, &parts, &rotation)
    }

    /// The rows, in their own place by now.
    private func heads(of joint: Instruction.JointHeads) -> unmask_head_rows {
        let width = 3 * joint.heads * joint.headWidth
        if joint.x != joint.out { floats(joint.out).update(from: floats(joint.x), count: joint.rows * width) }
        return unmask_head_rows(
            rows: joint.rows, heads: joint.heads, head_dim: joint.headWidth, stride: width, x: floats(joint.out))
    }
}
