internal import UnmaskGraph

extension Graph {
    /// A linear layer that 8-bit files round: its name, and what it reads.
    struct InnerLayer {
        let name: String
        let value: ValueID
    }

    /// The linear layers inside the blocks, of a graph on which no pass has run yet. Patch embedding and heads are left
    /// out: together they are a few hundredths of the work, the first sees raw pixels, and the last decides between classes.
    var innerLayers: [InnerLayer] {
        let patchIDs = Set(nodes.filter { if case .patches = $0.op { true } else { false } }.map(\.output))
        let scaled = Set(
            nodes.filter { $0.op == .scaleShift }.filter { node in
                node.inputs[0].map { patchIDs.contains($0) } ?? false
            }.map(\.output))
        return nodes.compactMap { node in
            guard case .linear = node.op, let x = node.inputs[LinearOperand.x], self[x].shape.dimensions.count > 2,
                !patchIDs.contains(x), !scaled.contains(x),
                !outputs.contains(where: { $0.value == node.output })
            else { return nil }
            return InnerLayer(name: node.name, value: x)
        }
    }
}
