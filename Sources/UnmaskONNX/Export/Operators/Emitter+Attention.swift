internal import UnmaskGraph

extension Emitter {
    /// Attention over a joint projection [B, T, 3·D]: one operator from opset 23, before that the product form.
    ///
    /// The scale is put on the queries, so that the product stays small in float16.
    mutating func emitAttention(_ qkv: String, of node: Node, heads: Int) throws(ONNXExportError) -> String {
        guard let width = graph[node.output].shape.width, width % heads == 0 else {
            throw .unsupported(node: node.name, "its width is not known, or no multiple of \(heads) heads")
        }
        let (name, head) = (node.name, width / heads)
        let parts = split(qkv, axis: 2, sizes: [width, width, width], name + "/qkv")  // 3 × [B, T, D]
        if opset >= 23 {
            return self.node(
                "Attention", parts, name,
                ["q_num_heads": .int(heads), "kv_num_heads": .int(heads)])
        }
        func byHeads(_ part: Int, _ order: [Int], _ letter: String, _ emitter: inout Emitter) -> String {
            let split = emitter.reshape(parts[part], [0, 0, heads, head], "\(name)/\(letter)/heads")  // [B, T, H, d]
            return emitter.transpose(split, order, "\(name)/\(letter)")
        }
        let q = byHeads(0, [0, 2, 1, 3], "q", &self)  // [B, H, T, d]
        let k = byHeads(1, [0, 2, 3, 1], "k", &self)  // [B, H, d, T]
        let v = byHeads(2, [0, 2, 1, 3], "v", &self)  // [B, H, T, d]
        let scaled = self.node("Mul", [q, scalar(1 / Float(head).squareRoot())], name + "/q/scaled")
        let scores = self.node("MatMul", [scaled, k], name + "/scores")  // [B, H, T, T]
        let weights = self.node("Softmax", [scores], name + "/weights", ["axis": .int(-1)], float32: true)
        let mixed = self.node("MatMul", [weights, v], name + "/mixed")  // [B, H, T, d]
        let tokens = transpose(mixed, [0, 2, 1, 3], name + "/tokens")  // [B, T, H, d]
        return reshape(tokens, [0, 0, width], name)
    }
}
