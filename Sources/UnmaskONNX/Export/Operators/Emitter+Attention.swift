internal import UnmaskGraph

extension Emitter {
    /// Attention over a joint projection [B, T, 3·D].
    mutating func emitAttention(_ qkv: String, of node: Node, heads: Int) throws(ONNXExportError) -> String {
        guard let width = graph[node.output].shape.width, width % heads == 0 else {
            throw .unsupported(node: node.name, "its width is not known, or no multiple of \(heads) heads")
        }
        let parts = split(qkv, axis: 2, sizes: [width, width, width], node.name + "/qkv")  // 3 × [B, T, D]
        return attend(
            parts, split: [true, true, true], heads: heads, head: width / heads,
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
        return attend(
            parts, split: byTokens, heads: attention.heads, head: width / attention.heads, scale: attention.scale,
            node.name)
    }

    /// softmax(scale · q kᵀ) v in each head → [B, T, D]: one operator from opset 23, before that the product form. The
    /// scale is put on the queries, so that the product stays small in float16.
    /// - Parameter split: whether each of q, k and v is [B, T, D] and has yet to be cut into heads.
    private mutating func attend(
        _ parts: [String], split: [Bool], heads: Int, head: Int, scale: Float, _ name: String
    ) -> String {
        if opset >= 23, split == [true, true, true] {
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
        let scores = node("MatMul", [scaled, k], name + "/scores")  // [B, H, T, T]
        let weights = node("Softmax", [scores], name + "/weights", ["axis": .int(-1)], float32: true)
        let mixed = node("MatMul", [weights, v], name + "/mixed")  // [B, H, T, d]
        let tokens = transpose(mixed, [0, 2, 1, 3], name + "/tokens")  // [B, T, H, d]
        return reshape(tokens, [0, 0, heads * head], name)
    }
}
