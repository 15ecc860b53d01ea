internal import UnmaskGraph

extension Emitter {
    /// Attention over a joint projection [B, T, 3·D], with what is added to its scores.
    mutating func emitAttention(_ qkv: String, of node: Node, heads: Int) throws(ONNXExportError) -> String {
        guard let width = graph[node.output].shape.width, width % heads == 0 else {
            throw .unsupported(node: node.name, "its width is not known, or no multiple of \(heads) heads")
        }
        if node.operand(AttentionInput.rowTable) != nil {
            return try emitRelatedAttention(qkv, of: node, heads: heads, head: width / heads)
        }
        let parts = split(qkv, axis: 2, sizes: [width, width, width], node.name + "/qkv")  // 3 × [B, T, D]
        let bias = try attentionBias(of: node)
        return attend(
            parts, split: [true, true, true], bias: bias, heads: heads, head: width / heads,
            scale: 1 / Float(width / heads).squareRoot(), node.name)
    }

    /// Attention over operands [B, T, ≥ D] of tokens, or [B, H, T, D / H] of heads.
    mutating func emitSeparateAttention(_ attention: SeparateAttention, _ node: Node) throws(ONNXExportError) -> String
    {
        guard let width = graph[node.output].shape.width, width % attention.heads == 0, node.inputs.count == 3 else {
            throw .unsupported(node: node.name, "its width is not known, or no multiple of \(attention.heads) heads")
        }
        var parts: [String] = []
        var byTokens: [Bool] = []
        for (place, id) in node.inputs.enumerated() {
            guard let id else { throw .unsupported(node: node.name, "operand \(place) is missing") }
            let (x, first) = (try operand(id), attention.columns[place])
            let isWhole = rank(id) == 4 || (first == 0 && graph[id].shape.width == width)
            parts.append(
                isWhole ? x : slice(x, axis: 2, from: first, to: first + width, "\(node.name)/columns\(place)"))
            byTokens.append(rank(id) == 3)
        }
        let batches = Set(node.inputs.compactMap { $0 }.map { graph[$0].shape.dimensions.first })
        return attend(
            parts, split: byTokens, bias: nil, hasOneBatch: batches.count == 1, heads: attention.heads,
            head: width / attention.heads,
            scale: attention.scale,
            node.name)
    }

    /// What is added to the scores, [1, H, T, T]; nil where nothing is.
    private mutating func attentionBias(of node: Node) throws(ONNXExportError) -> String? {
        guard node.inputs.count > 1, let id = node.inputs[1] else { return nil }
        guard node.inputs.count < 3 || present(node.inputs[2]) == nil else {
            throw .unsupported(
                node: node.name, "relative position biases of masked images have no form: export it for whole images")
        }
        let table = try tensor(id, "bias", of: node)
        guard let bias = table.reshaped([1] + table.shape) else {
            throw .unsupported(node: node.name, "its bias has the shape \(table.shape)")
        }
        return initializer(graph[id].name, bias)
    }

    /// softmax(scale · q kᵀ) v in each head → [B, T, D]: one operator from opset 23, before that the product form. The
    /// scale is put on the queries, so that the product stays small in float16.
    /// - Parameters:
    ///   - split: whether each of q, k and v is [B, T, D] and has yet to be cut into heads.
    ///   - hasOneBatch: whether all have as many images; where one is for all of them, the operator does not take it.
    mutating func attend(
        _ parts: [String], split: [Bool], bias: String?, hasOneBatch: Bool = true, heads: Int, head: Int, scale: Float,
        _ name: String
    ) -> String {
        if opset >= 23, split == [true, true, true], bias == nil, hasOneBatch {
            return node(
                "Attention", parts, name,
                ["q_num_heads": .int(heads), "kv_num_heads": .int(heads), "scale": .float(scale)])
        }
        func byHeads(_ place: Int, _ order: [Int], _ letter: String, _ emitter: inout Emitter) -> String {
            let rows = emitter.reshape(parts[place], [0, 0, heads, head], "\(name)/\(letter)/heads")  // [B, T, H, d]
            return emitter.transpose(rows, order, "\(name)/\(letter)")
        }
        let q = split[0] ? byHeads(0, [0, 2, 1, 3], "q", &self) : parts[0]  // [B, H, T, d]
        let k = split[1] ? byHeads(1, [0, 2, 3, 1], "k", &self) : transpose(parts[1], [0, 1, 3, 2], name + "/k")
        let v = split[2] ? byHeads(2, [0, 2, 1, 3], "v", &self) : parts[2]  // [B, H, T, d]
        let scaled = node("Mul", [q, scalar(scale)], name + "/q/scaled")
        var scores = node("MatMul", [scaled, k], name + "/scores")  // [B, H, T, T]
        if let bias { scores = node("Add", [scores, bias], name + "/biased") }
        let weights = node("Softmax", [scores], name + "/weights", ["axis": .int(-1)], float32: true)
        let mixed = node("MatMul", [weights, v], name + "/mixed")  // [B, H, T, d]
        let tokens = transpose(mixed, [0, 2, 1, 3], name + "/tokens")  // [B, T, H, d]
        return reshape(tokens, [0, 0, heads * head], name)
    }
}
