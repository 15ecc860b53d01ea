internal import UnmaskGraph

/// What happens to queries and keys between their projection and attention.
extension Lowering {
    mutating func normalizeHeads(
        _ node: Node, _ norm: HeadNorm, at index: Int, _ out: [Int]
    ) throws(RuntimeError) -> (Instruction, flops: Int) {
        let joint = try jointHeads(node, heads: norm.heads, at: index, out)
        let (query, key) = (try operand(node, 1), try operand(node, 3))
        guard query.shape == [joint.headWidth], key.shape == query.shape else {
            throw .malformedNode(
                name: node.name, op: node.op.name, problem: "norms of \(query.shape) and \(key.shape) for \(out)")
        }
        let call = Instruction.NormalizeHeads(
            joint: joint, queryWeight: query.slot, keyWeight: key.slot, queryBias: optional(node, 2),
            keyBias: optional(node, 4), epsilon: norm.epsilon, isRMS: norm.isRMS)
        return (.normalizeHeads(call), 6 * out.reduce(1, *))
    }

    mutating func rotateHeads(
        _ node: Node, _ rotation: HeadRotation, at index: Int, _ out: [Int]
    ) throws(RuntimeError) -> (Instruction, flops: Int) {
        let joint = try jointHeads(node, heads: rotation.heads, at: index, out)
        let (cosines, sines) = (try operand(node, 1), try operand(node, 2))
        guard cosines.shape.count == 3, cosines.shape == sines.shape, joint.headWidth % 2 == 0,
            cosines.shape[2] == joint.headWidth / 2, [1, joint.heads].contains(cosines.shape[0]),
            rotation.prefix <= out[1]
        else {
            throw .malformedNode(name: node.name, op: node.op.name, problem: "angles \(cosines.shape) for \(out)")
        }
        let patches = cosines.shape[1]
        guard optional(node, 3) != nil || out[1] - rotation.prefix == patches else {
            throw .malformedNode(
                name: node.name, op: node.op.name, problem: "angles of \(patches) patches for \(out[1]) tokens")
        }
        limitIdentifiers(node, 3, below: patches)
        let call = Instruction.RotateHeads(
            joint: joint, tokens: out[1], prefix: rotation.prefix, groups: cosines.shape[0], patches: patches,
            halves: rotation.halves, cosines: cosines.slot, sines: sines.slot, ids: optional(node, 3))
        return (.rotateHeads(call), 2 * out.reduce(1, *))
    }

    /// - Parameter out: [B, T, 3 · D].
    private mutating func jointHeads(
        _ node: Node, heads: Int, at index: Int, _ out: [Int]
    ) throws(RuntimeError) -> Instruction.JointHeads {
        let x = try operand(node, 0)
        guard out.count == 3, x.shape == out, heads > 0, out[2] % (3 * heads) == 0 else {
            throw .malformedNode(name: node.name, op: node.op.name, problem: "\(x.shape) for \(heads) heads")
        }
        return Instruction.JointHeads(
            rows: out[0] * out[1], heads: heads, headWidth: out[2] / 3 / heads, x: x.slot,
            out: reuse(x.id, for: node, at: index, out))
    }
}
