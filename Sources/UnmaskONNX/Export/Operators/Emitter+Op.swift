internal import UnmaskGraph

extension Emitter {
    /// Emits one node of the graph.
    mutating func emit(_ node: Node) throws(ONNXExportError) {
        switch node.op {
        case .patches:
            // The linear layer behind it makes a convolution of both.
            patches[node.output] = node
        case .linear(let fusion): try emitLinear(node, fusion)
        case .primitive(let primitive): try emit(primitive, node)
        default: bind(node.output, to: try emitFused(node))
        }
    }

    private mutating func emitFused(_ node: Node) throws(ONNXExportError) -> String {
        func input(_ place: Int, _ emitter: inout Emitter) throws(ONNXExportError) -> String {
            guard place < node.inputs.count, let id = node.inputs[place] else {
                throw .unsupported(node: node.name, "operand \(place) is missing")
            }
            return try emitter.operand(id)
        }
        switch node.op {
        case .assembleTokens: return try emitAssembleTokens(node)
        case .restoreTokens: return try emitRestoreTokens(node)
        case .separateAttention(let attention): return try emitSeparateAttention(attention, node)
        case .normalizeHeads(let norm): return try emitNormalizedHeads(node, norm)
        case .rotateHeads(let rotation): return try emitRotatedHeads(node, rotation)
        case .gatherTokens: return try emitGatheredTokens(node)
        case .depthwiseConvolution(let convolution): return try emitDepthwise(node, convolution)
        default: break
        }
        let x = try input(0, &self)
        switch node.op {
        case .layerNorm(let epsilon):
            return emitLayerNorm(
                x, weight: try input(1, &self), bias: try input(2, &self), epsilon: epsilon, node.name)
        case .rmsNorm(let epsilon):
            return emitRMSNorm(x, weight: try input(1, &self), epsilon: epsilon, node.name)
        case .deviationNorm(let epsilon):
            return try emitDeviationNorm(x, weight: try input(1, &self), epsilon: epsilon, node)
        case .gate(let gate):
            return try emitGate(x, gate, node)
        case .attention(let heads):
            return try emitAttention(x, of: node, heads: heads)
        case .gelu(let kind):
            return emitGELU(x, kind, node.name)
        case .add:
            return self.node("Add", [x, try input(1, &self)], node.name)
        case .scaleShift:
            let scaled = self.node("Mul", [x, try input(1, &self)], node.name + "/scaled")
            return self.node("Add", [scaled, try input(2, &self)], node.name)
        case .roundToGrid(let grid): return emitGrid(grid, x, node.name)
        case .responseNorm(let epsilon): return try emitResponseNorm(x, epsilon: epsilon, node)
        case .poolTokens(let pooling): return try emitPooledTokens(x, pooling, node)
        case .regroup: return try reshape(x, as: node)
        case .softmax:
            return self.node("Softmax", [x], node.name, ["axis": .int(-1)], float32: true)
        case .selectToken(let index):
            return self.node("Gather", [x, integer(index)], node.name, ["axis": .int(1)])
        case .dropTokens(let count):
            return slice(x, axis: 1, from: count, node.name)
        case .meanTokens(let skip):
            let tokens = skip == 0 ? x : slice(x, axis: 1, from: skip, node.name + "/tokens")
            return reduce("ReduceMean", tokens, axes: [1], keep: false, node.name)
        case .patches, .linear, .assembleTokens, .restoreTokens, .separateAttention, .normalizeHeads, .rotateHeads,
            .gatherTokens, .depthwiseConvolution, .primitive, .matchTokens, .mergeTokens, .unmergeTokens:
            throw .unsupported(node: node.name, "\(node.op.name) stands where it cannot")
        case .unitTokens, .unitPlaces:
            throw .unsupported(node: node.name, "which mask units are kept is not exported")
        }
    }

    // MARK: Forms that changed with the operator set

    /// What lies behind the first `start` entries of an axis, up to `end`.
    mutating func slice(_ x: String, axis: Int, from start: Int, to end: Int? = nil, _ name: String) -> String {
        node("Slice", [x, integers([start]), integers([end ?? Int(Int64.max)]), integers([axis])], name)
    }

    /// A reduction: its axes are an attribute before opset 18, or 13 for sums, and an operand from then on.
    mutating func reduce(
        _ op: String, _ x: String, axes: [Int], keep: Bool, _ name: String, float32: Bool = false
    ) -> String {
        if opset >= (op == "ReduceSum" ? 13 : 18) {
            return node(op, [x, integers(axes)], name, ["keepdims": .int(keep ? 1 : 0)], float32: float32)
        }
        return node(op, [x], name, ["axes": .ints(axes), "keepdims": .int(keep ? 1 : 0)], float32: float32)
    }

    mutating func unsqueeze(_ x: String, axes: [Int], _ name: String, type: ElementType = .f32) -> String {
        opset >= 13
            ? node("Unsqueeze", [x, integers(axes)], name, type: type)
            : node("Unsqueeze", [x], name, ["axes": .ints(axes)], type: type)
    }

    mutating func split(_ x: String, axis: Int, sizes: [Int], _ name: String, type: ElementType = .f32) -> [String] {
        opset >= 13
            ? nodes("Split", [x, integers(sizes)], name, ["axis": .int(axis)], count: sizes.count, type: type)
            : nodes("Split", [x], name, ["axis": .int(axis), "split": .ints(sizes)], count: sizes.count, type: type)
    }

    mutating func reshape(_ x: String, _ shape: [Int], _ name: String) -> String {
        node("Reshape", [x, integers(shape)], name)
    }

    mutating func transpose(_ x: String, _ order: [Int], _ name: String) -> String {
        node("Transpose", [x], name, ["perm": .ints(order)])
    }
}
