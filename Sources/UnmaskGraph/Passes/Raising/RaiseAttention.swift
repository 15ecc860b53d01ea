/// Scaled dot-product attention, softmax(scale · q kᵀ) v in each head, as exporters decompose it, and opset 23's operator.
///
/// How heads are cut from the projections and put together again does not matter, as long as it is movement (`Layout`):
/// one `qkv` projection by Split, Slice, Gather or a transposed reshape; separate projections; images and heads in one
/// batch axis or in two. The scale may stand on the queries, the keys, both or the scores, as product or quotient.
///
/// Becomes `attention` over a joint projection with the scale 1/√d; where three projections of one value are separate,
/// they are joined into one first. All else (queries from elsewhere, normalised queries and keys, another scale) becomes
/// `separateAttention`. Masks that hide something, causal attention and grouped queries are left as they are.
public struct RaiseAttention: Pass {
    public let name = "raise-attention"
    public init() {}

    /// The parts of one attention.
    private struct Parts {
        /// [B·H…, Tq, d] or with images and heads in axes of their own.
        var mixed: ValueID
        var q, k, v: AttentionOperand
        var scale: Double
        var scaleTolerance: Float = 1e-6
    }

    public func run(_ graph: inout Graph) -> Int {
        graph.rewrite { editor, node in
            guard node.op.isMovement || node.isProduct else { return nil }
            let layout = editor.layout(of: node.output)
            guard layout.scale == 1, let parts = products(editor, layout.base) ?? oneOperator(editor, layout.base)
            else {
                return nil
            }
            return attention(&editor, node, parts)
        }
    }

    // MARK: Reading

    /// softmax(q kᵀ) v by products.
    private func products(_ editor: GraphEditor, _ mixed: ValueID) -> Parts? {
        guard case .matMul? = editor.primitive(mixed)?.op, let product = editor.definition(mixed),
            let weights = product.inputs[0], let v = product.inputs[1], let softmax = softmax(editor, weights),
            let scores = softmax.inputs[0]
        else { return nil }
        let scored = editor.layout(of: scores)
        guard scored.isSameMatrices(of: editor.shape(scored.base), as: editor.shape(scores)),
            case .matMul? = editor.primitive(scored.base)?.op, let scoring = editor.definition(scored.base),
            let q = scoring.inputs[0], let k = scoring.inputs[1]
        else { return nil }
        let layouts = [q, k, v].map { editor.layout(of: $0) }
        let ranks = [q, k, v].map { editor.shape($0).rank }
        guard layouts[2].scale == 1,
            let queries = operand(editor, layouts[0], rows: ranks[0] - 2, columns: ranks[0] - 1),
            let keys = operand(editor, layouts[1], rows: ranks[1] - 1, columns: ranks[1] - 2),
            let values = operand(editor, layouts[2], rows: ranks[2] - 2, columns: ranks[2] - 1)
        else { return nil }
        return Parts(
            mixed: mixed, q: queries, k: keys, v: values, scale: layouts[0].scale * layouts[1].scale * scored.scale,
            scaleTolerance: layouts[0].scaleTolerance + layouts[1].scaleTolerance + scored.scaleTolerance)
    }

    /// The softmax over the last axis that a value is, however reshaped.
    private func softmax(_ editor: GraphEditor, _ weights: ValueID) -> Node? {
        let layout = editor.layout(of: weights)
        let shape = editor.shape(layout.base)
        guard layout.scale == 1, layout.isSameMatrices(of: shape, as: editor.shape(weights)),
            let node = editor.definition(layout.base)
        else { return nil }
        switch node.op {
        case .softmax, .primitive(.softmax(axis: -1)): return node
        case .primitive(.softmax(let axis)): return axis == shape.rank - 1 ? node : nil
        default: return nil
        }
    }

    /// Opset 23's operator, with operands of rank 3 or 4.
    private func oneOperator(_ editor: GraphEditor, _ mixed: ValueID) -> Parts? {
        guard case .attention(let attributes)? = editor.primitive(mixed)?.op, let node = editor.definition(mixed),
            node.outputs.count == 1, !attributes.causal, attributes.softcap == 0, node.inputs.count >= 3,
            node.inputs.dropFirst(3).allSatisfy({ $0 == nil }), attributes.queryHeads == attributes.keyHeads
        else { return nil }
        var parts: [AttentionOperand] = []
        for id in node.inputs.prefix(3) {
            guard let id else { return nil }
            var layout = editor.layout(of: id)
            if let heads = attributes.queryHeads, case let shape = editor.shape(id), shape.rank == 3 {
                guard heads > 0, let width = shape.width, width % heads == 0,
                    let split = layout.reshaped(
                        to: Shape(shape.dimensions.dropLast() + [.fixed(heads), .fixed(width / heads)])),
                    let byHead = split.transposed([0, 2, 1, 3])
                else { return nil }
                layout = byHead
            }
            guard layout.scale == 1, let part = operand(editor, layout, rows: 2, columns: 3) else { return nil }
            parts.append(part)
        }
        let scale = attributes.scale.map(Double.init) ?? 1 / Double(parts[0].headWidth).squareRoot()
        return Parts(mixed: mixed, q: parts[0], k: parts[1], v: parts[2], scale: scale)
    }

    private func operand(_ editor: GraphEditor, _ layout: Layout, rows: Int, columns: Int) -> AttentionOperand? {
        AttentionOperand(layout, in: editor.shape(layout.base), rows: rows, columns: columns)
    }

    // MARK: Writing

    private func attention(_ editor: inout GraphEditor, _ node: Node, _ parts: Parts) -> Replacement? {
        let (q, k, v) = (parts.q, parts.k, parts.v)
        guard q.heads == k.heads, q.heads == v.heads, q.headWidth == k.headWidth, q.headWidth == v.headWidth,
            q.images == k.images, q.images == v.images, k.tokens == v.tokens,
            let tail = tail(editor, node, parts)
        else { return nil }
        let width = q.width
        let shape: Shape = [q.images, q.tokens, .fixed(width)]
        let isDirect = editor.shape(node.output) == shape && tail == .tokensSecond
        let result = isDirect ? node.output : editor.addValue(node.name + "/attention", shape)
        guard var nodes = fused(&editor, parts, named: node.name, width: width, result) else { return nil }
        if isDirect { return .nodes(nodes) }
        var last = result
        if tail == .tokensFirst {
            last = editor.addValue(node.name + "/transposed", [q.tokens, q.images, .fixed(width)])
            nodes.append(
                Node(
                    name: node.name + "/transposed", op: .primitive(.transpose([1, 0, 2])), inputs: [result],
                    outputs: [last]))
        }
        guard let reshape = editor.reshape(last, to: editor.shape(node.output), named: node.name, output: node.output)
        else { return nil }
        return .nodes(nodes + [reshape])
    }

    /// What order the tokens have in the end.
    private enum Tail { case tokensSecond, tokensFirst }

    /// Whether the elements of a node's result lie as those of [B, T, heads · d], or of [T, B, heads · d].
    private func tail(_ editor: GraphEditor, _ node: Node, _ parts: Parts) -> Tail? {
        let q = parts.q
        let heads: Shape = [q.images, .fixed(q.heads), q.tokens, .fixed(q.headWidth)]
        let axes = Layout(parts.mixed, shape: heads)
        // Opset 23's operator gives rows where it takes rows; products give heads.
        let isRows = editor.shape(parts.mixed).rank == 3 && editor.definition(parts.mixed)?.isMatMul == false
        guard
            let mixed = (isRows ? axes.transposed([0, 2, 1, 3]) : axes)?.reshaped(
                to: editor.shape(parts.mixed))
        else { return nil }
        let found = editor.layout(of: node.output, seeds: [parts.mixed: mixed]).factors
        func factors(_ order: [Int]) -> [Layout.Factor] { order.flatMap { axes.dimensions[$0] } }
        func isFound(_ order: [Int]) -> Bool { Layout.coalesced(found) == Layout.coalesced(factors(order)) }
        return isFound([0, 2, 1, 3]) ? .tokensSecond : isFound([2, 0, 1, 3]) ? .tokensFirst : nil
    }

    private func fused(
        _ editor: inout GraphEditor, _ parts: Parts, named name: String, width: Int, _ result: ValueID
    ) -> [Node]? {
        let (q, k, v) = (parts.q, parts.k, parts.v)
        let standard = isClose(
            Float(parts.scale), 1 / Float(q.headWidth).squareRoot(), within: parts.scaleTolerance)
        func attention(_ joint: ValueID) -> Node {
            Node(name: name, op: .attention(heads: q.heads), inputs: [joint], outputs: [result])
        }
        if standard, q.value == k.value, q.value == v.value, editor.shape(q.value).rank == 3,
            editor.shape(q.value).width == 3 * width, [q, k, v].map(\.column) == [0, width, 2 * width]
        {
            return [attention(q.value)]
        }
        if standard, let joint = JointProjection(editor, [q, k, v], width: width) {
            let linear = joint.linear(&editor, named: name + "/qkv")
            return [linear, attention(linear.output)]
        }
        var nodes: [Node] = []
        var operands: [ValueID] = []
        for part in [q, k, v] {
            if part.shape == editor.shape(part.value) {
                operands.append(part.value)
            } else if let reshape = editor.reshape(part.value, to: part.shape, named: name + "/rows") {
                nodes.append(reshape)
                operands.append(reshape.output)
            }
        }
        let separate = SeparateAttention(heads: q.heads, scale: Float(parts.scale), columns: [q, k, v].map(\.column))
        guard operands.count == 3 else { return nil }
        return nodes + [Node(name: name, op: .separateAttention(separate), inputs: operands, outputs: [result])]
    }
}

extension Node {
    fileprivate var isMatMul: Bool { op == .primitive(.matMul) }

    fileprivate var isProduct: Bool {
        if case .primitive(.attention) = op { true } else { isMatMul }
    }
}

extension Layout {
    /// Whether a value of shape `moved` holds the base's matrices, the last two dimensions, whole and in order.
    fileprivate func isSameMatrices(of shape: Shape, as moved: Shape) -> Bool {
        isWhole(of: shape) && shape.dimensions.suffix(2) == moved.dimensions.suffix(2)
    }
}
