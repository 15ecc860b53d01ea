internal import UnmaskGraph

extension Emitter {
    mutating func emitLayerNormalization(axis: Int, epsilon: Float, _ node: Node) throws(ONNXExportError) -> [String] {
        if opset >= 17 {
            return try results(
                "LayerNormalization", node, [("axis", .int(axis)), ("epsilon", .float(epsilon))], float32: true)
        }
        let rank = node.inputs[0].map { self.rank($0) } ?? 0
        guard node.outputs.count == 1, axis == -1 || axis == rank - 1 else {
            throw .unsupported(node: node.name, "LayerNormalization of several axes or results", needs: 17, have: opset)
        }
        let operands = try operands(of: node)
        let bias = operands.count > 2 ? operands[2] : nil
        return [emitLayerNorm(operands[0], weight: operands[1], bias: bias, epsilon: epsilon, node.name)]
    }

    /// x / √(mean(x²) + ε) · weight: one operator from opset 23.
    mutating func emitRootMeanSquare(axis: Int, epsilon: Float, _ node: Node) throws(ONNXExportError) -> String {
        if opset >= 23 {
            return try plain(
                "RMSNormalization", node, ["axis": .int(axis), "epsilon": .float(epsilon)], float32: true)
        }
        let operands = try operands(of: node)
        let rank = node.inputs[0].map { self.rank($0) } ?? 0
        let first = axis < 0 ? axis + rank : axis
        let (x, name) = (operands[0], node.name)
        let squared = self.node("Mul", [x, x], name + "/squared", float32: true)
        let mean = reduce(
            "ReduceMean", squared, axes: Array(first..<rank), keep: true, name + "/mean", float32: true)
        let shifted = self.node("Add", [mean, scalar(epsilon)], name + "/mean + epsilon", float32: true)
        let root = self.node("Sqrt", [shifted], name + "/root", float32: true)
        let normal = self.node("Div", [x, root], name + "/normal", float32: true)
        return self.node("Mul", [normal, operands[1]], name, float32: true)
    }

    /// One operator with a weight for each channel from opset 21; before that InstanceNormalization of the groups.
    mutating func emitGroupNormalization(
        groups: Int, epsilon: Float, _ node: Node
    ) throws(ONNXExportError) -> String {
        if opset >= 21 {
            return try plain(
                "GroupNormalization", node, ["num_groups": .int(groups), "epsilon": .float(epsilon)], float32: true)
        }
        guard let x = node.inputs[0], let sizes = shape(of: x).dimensions.dropFirst().bound, sizes.count >= 1 else {
            throw .unsupported(node: node.name, "GroupNormalization of open sizes", needs: 21, have: opset)
        }
        let (operands, name) = (try operands(of: node), node.name)
        let ones = initializer(name + "/ones", Tensor([Float](repeating: 1, count: groups), shape: [groups]))
        let zeros = initializer(name + "/zeros", Tensor([Float](repeating: 0, count: groups), shape: [groups]))
        let grouped = reshape(operands[0], [0, groups, -1], name + "/groups")
        let normal = self.node(
            "InstanceNormalization", [grouped, ones, zeros], name + "/normal", ["epsilon": .float(epsilon)],
            float32: true)
        let restored = reshape(normal, [-1] + sizes, name + "/restored")
        let axes = Array(1..<max(sizes.count, 1))
        let weight = axes.isEmpty ? operands[1] : unsqueeze(operands[1], axes: axes, name + "/weight")
        let bias = axes.isEmpty ? operands[2] : unsqueeze(operands[2], axes: axes, name + "/bias")
        let scaled = self.node("Mul", [restored, weight], name + "/scaled")
        return self.node("Add", [scaled, bias], name)
    }

    /// Before opset 13 softmax took all axes from the given one on together: another axis than the last goes there first.
    mutating func emitSoftmax(_ op: String, axis: Int, _ node: Node) throws(ONNXExportError) -> String {
        let rank = node.inputs[0].map { self.rank($0) } ?? 0
        let place = axis < 0 ? axis + rank : axis
        if opset >= 13 || place == rank - 1 {
            return try plain(op, node, ["axis": .int(opset >= 13 ? axis : -1)], float32: true)
        }
        var order = Array(0..<rank)
        order.swapAt(place, rank - 1)
        let last = transpose(try operands(of: node)[0], order, node.name + "/last")
        let result = self.node(op, [last], node.name + "/rows", ["axis": .int(-1)], float32: true)
        return transpose(result, order, node.name)
    }
}

extension Collection where Element == Dimension {
    /// The numbers; nil where one is a symbol.
    var bound: [Int]? {
        let numbers = compactMap { $0.bound(by: [:]) }
        return numbers.count == count ? numbers : nil
    }
}
