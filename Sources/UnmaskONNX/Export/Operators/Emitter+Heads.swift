internal import UnmaskGraph

/// What newer Vision Transformers do besides: RMSNorm, gated MLPs, normalised and turned queries and keys.
extension Emitter {
    /// x over the root of its squares' mean, times weight.
    mutating func emitRMSNorm(_ x: String, weight: String, epsilon: Float, _ name: String) -> String {
        let squares = node("Mul", [x, x], name + "/squares", float32: true)
        let mean = reduce("ReduceMean", squares, axes: [-1], keep: true, name + "/mean", float32: true)
        let raised = node("Add", [mean, scalar(epsilon)], name + "/raised", float32: true)
        let root = node("Sqrt", [raised], name + "/root", float32: true)
        let normalised = node("Div", [x, root], name + "/normalised", float32: true)
        return node("Mul", [normalised, weight], name)
    }

    /// Over the root of the unbiased variance, the mean left in x.
    mutating func emitDeviationNorm(
        _ x: String, weight: String, epsilon: Float, _ node: Node
    ) throws(ONNXExportError) -> String {
        let name = node.name
        guard let width = graph[node.output].shape.width, width > 1 else {
            throw .unsupported(node: name, "its width is not known, or 1")
        }
        let mean = reduce("ReduceMean", x, axes: [-1], keep: true, name + "/mean", float32: true)
        let centred = self.node("Sub", [x, mean], name + "/centred", float32: true)
        let squares = self.node("Mul", [centred, centred], name + "/squares", float32: true)
        let sum = reduce("ReduceSum", squares, axes: [-1], keep: true, name + "/sum", float32: true)
        let variance = self.node("Div", [sum, scalar(Float(width - 1))], name + "/variance", float32: true)
        let raised = self.node("Add", [variance, scalar(epsilon)], name + "/raised", float32: true)
        let root = self.node("Sqrt", [raised], name + "/root", float32: true)
        let normalised = self.node("Div", [x, root], name + "/normalised", float32: true)
        return self.node("Mul", [normalised, weight], name)
    }

    mutating func emitGate(_ x: String, _ gate: Gate, _ node: Node) throws(ONNXExportError) -> String {
        guard let width = graph[node.output].shape.width else {
            throw .unsupported(node: node.name, "its width is not known")
        }
        let name = node.name
        let rank = graph[node.output].shape.dimensions.count
        let halves = split(x, axis: rank - 1, sizes: [width, width], name + "/halves")
        let activated: String
        switch gate {
        case .silu:
            let sigmoid = self.node("Sigmoid", [halves[0]], name + "/sigmoid")
            activated = self.node("Mul", [halves[0], sigmoid], name + "/silu")
        case .gelu(let kind): activated = emitGELU(halves[0], kind, name + "/gelu")
        }
        return self.node("Mul", [activated, halves[1]], name)
    }

    mutating func emitNormalizedHeads(_ node: Node, _ norm: HeadNorm) throws(ONNXExportError) -> String {
        let (qkv, width, name) = try jointRows(node, heads: norm.heads)
        var parts = split(qkv, axis: 2, sizes: [width, width, width], name + "/qkv")
        for (part, letter) in [(0, "q"), (1, "k")] {
            guard let weight = node.inputs[1 + 2 * part] else {
                throw .unsupported(node: name, "operand \(1 + 2 * part) is missing")
            }
            let rows = reshape(parts[part], [0, 0, norm.heads, width / norm.heads], "\(name)/\(letter)/heads")
            let normalised: String
            if let bias = node.inputs[2 + 2 * part] {
                normalised = emitLayerNorm(
                    rows, weight: try operand(weight), bias: try operand(bias), epsilon: norm.epsilon,
                    "\(name)/\(letter)/norm")
            } else if norm.isRMS {
                normalised = emitRMSNorm(
                    rows, weight: try operand(weight), epsilon: norm.epsilon, "\(name)/\(letter)/norm")
            } else {
                throw .unsupported(node: name, "its norms have no biases")
            }
            parts[part] = reshape(normalised, [0, 0, width], "\(name)/\(letter)")
        }
        return self.node("Concat", parts, name, ["axis": .int(2)])
    }

    mutating func emitRotatedHeads(_ node: Node, _ rotation: HeadRotation) throws(ONNXExportError) -> String {
        let (qkv, width, name) = try jointRows(node, heads: rotation.heads)
        let (heads, pairs) = (2 * rotation.heads, width / rotation.heads / 2)
        let parts = split(qkv, axis: 2, sizes: [2 * width, width], name + "/qkv")
        let rows = reshape(parts[0], [0, 0, heads, 2 * pairs], name + "/heads")  // [B, T, 2 H, d]
        let patches =
            rotation.prefix == 0 ? rows : slice(rows, axis: 1, from: rotation.prefix, name + "/patches")
        let cosines = try angles(node, 1, heads: heads, "cosines")
        let sines = try angles(node, 2, heads: heads, "sines")
        let axis = rotation.halves ? 3 : 4
        let paired =
            rotation.halves ? patches : reshape(patches, [0, 0, heads, pairs, 2], name + "/pairs")
        func half(_ index: Int, _ emitter: inout Emitter) -> String {
            let step = rotation.halves ? pairs : 1
            let part = emitter.slice(
                paired, axis: axis, from: index * step, to: (index + 1) * step, "\(name)/part\(index)")
            return rotation.halves ? part : emitter.reshape(part, [0, 0, heads, pairs], "\(name)/half\(index)")
        }
        let (a, b) = (half(0, &self), half(1, &self))
        let first = self.node(
            "Sub", [self.node("Mul", [a, cosines], name + "/a cos"), self.node("Mul", [b, sines], name + "/b sin")],
            name + "/first")
        let second = self.node(
            "Add", [self.node("Mul", [b, cosines], name + "/b cos"), self.node("Mul", [a, sines], name + "/a sin")],
            name + "/second")
        var turned: String
        if rotation.halves {
            turned = self.node("Concat", [first, second], name + "/turned", ["axis": .int(3)])
        } else {
            let columns = [
                reshape(first, [0, 0, heads, pairs, 1], name + "/first/column"),
                reshape(second, [0, 0, heads, pairs, 1], name + "/second/column"),
            ]
            turned = self.node("Concat", columns, name + "/turned pairs", ["axis": .int(4)])
            turned = reshape(turned, [0, 0, heads, 2 * pairs], name + "/turned")
        }
        if rotation.prefix > 0 {
            let front = slice(rows, axis: 1, from: 0, to: rotation.prefix, name + "/prefix")
            turned = self.node("Concat", [front, turned], name + "/tokens", ["axis": .int(1)])
        }
        let joint = reshape(turned, [0, 0, 2 * width], name + "/joint")
        return self.node("Concat", [joint, parts[1]], name, ["axis": .int(2)])
    }

    /// Angles as [1 or B, N or K, 1 or 2 H, d / 2].
    private mutating func angles(
        _ node: Node, _ place: Int, heads: Int, _ role: String
    ) throws(ONNXExportError) -> String {
        let table = try tensor(node.inputs[place], role, of: node)
        guard table.shape.count == 3 else {
            throw .unsupported(node: node.name, "its \(role) have the shape \(table.shape)")
        }
        let (groups, patches, pairs) = (table.shape[0], table.shape[1], table.shape[2])
        let numbers = table.widened()
        let count = groups == 1 ? 1 : heads
        var rows: [Float] = []
        rows.reserveCapacity(patches * count * pairs)
        for patch in 0..<patches {
            for head in 0..<count {
                let start = (head % groups * patches + patch) * pairs
                rows += numbers[start..<start + pairs]
            }
        }
        let name = "\(node.name)/\(role)"
        guard node.inputs.count > 3, let ids = present(node.inputs[3]) else {
            return initializer(name, Tensor(rows, shape: [1, patches, count, pairs]))
        }
        let all = initializer(name + "/all", Tensor(rows, shape: [patches, count, pairs]))
        return self.node("Gather", [all, try operand(ids)], name, ["axis": .int(0)])
    }

    private mutating func jointRows(
        _ node: Node, heads: Int
    ) throws(ONNXExportError) -> (qkv: String, width: Int, name: String) {
        guard let width = graph[node.output].shape.width, width % (3 * heads) == 0, let x = node.inputs[0] else {
            throw .unsupported(node: node.name, "its width is not known, or no multiple of \(heads) heads")
        }
        return (try operand(x), width / 3, node.name)
    }
}
