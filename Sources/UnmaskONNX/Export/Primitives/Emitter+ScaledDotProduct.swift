internal import UnmaskGraph

extension Emitter {
    /// One operator from opset 23; before that softmax(q · kᵀ · scale + mask) · v. What the product form cannot say is
    /// refused: causal masks of open sizes, soft caps, grouped heads.
    mutating func emitPrimitiveAttention(_ attention: ScaledDotProduct, _ node: Node) throws(ONNXExportError) -> String
    {
        if opset >= 23 {
            var attributes: [(String, ExportAttribute)] = []
            if let scale = attention.scale { attributes.append(("scale", .float(scale))) }
            if attention.causal { attributes.append(("is_causal", .int(1))) }
            if let heads = attention.queryHeads { attributes.append(("q_num_heads", .int(heads))) }
            if let heads = attention.keyHeads { attributes.append(("kv_num_heads", .int(heads))) }
            if attention.softcap != 0 { attributes.append(("softcap", .float(attention.softcap))) }
            return try withAttributes("Attention", node, attributes)
        }
        guard !attention.causal, attention.softcap == 0, attention.queryHeads == attention.keyHeads else {
            throw .unsupported(
                node: node.name, "Attention that is causal, capped or of grouped heads", needs: 23, have: opset)
        }
        guard let query = node.inputs[0], let value = node.inputs[2], let width = graph[query].shape.width,
            let outputWidth = graph[value].shape.width
        else { throw .unsupported(node: node.name, "its width is not known") }
        let operands = try operands(of: node)
        let (name, heads) = (node.name, attention.queryHeads)
        func byHeads(_ x: String, _ width: Int, _ order: [Int], _ letter: String, _ emitter: inout Emitter) -> String {
            guard let heads else {
                return letter == "k" ? emitter.transpose(x, [0, 1, 3, 2], "\(name)/k") : x
            }
            let split = emitter.reshape(x, [0, 0, heads, width / heads], "\(name)/\(letter)/heads")
            return emitter.transpose(split, order, "\(name)/\(letter)")
        }
        let q = byHeads(operands[0], width, [0, 2, 1, 3], "q", &self)
        let k = byHeads(operands[1], width, [0, 2, 3, 1], "k", &self)
        let v = byHeads(operands[2], outputWidth, [0, 2, 1, 3], "v", &self)
        let scale = attention.scale ?? 1 / Float(width / (heads ?? 1)).squareRoot()
        let scaled = self.node("Mul", [q, scalar(scale)], name + "/q/scaled")
        var scores = self.node("MatMul", [scaled, k], name + "/scores")
        if operands.count > 3, let mask = node.inputs[3] {
            guard graph[mask].type.isFloatingPoint else {
                throw .unsupported(node: name, "Attention with a mask of truth values", needs: 23, have: opset)
            }
            scores = self.node("Add", [scores, operands[3]], name + "/masked")
        }
        let weights = self.node("Softmax", [scores], name + "/weights", ["axis": .int(-1)], float32: true)
        guard heads != nil else { return self.node("MatMul", [weights, v], name) }
        let mixed = self.node("MatMul", [weights, v], name + "/mixed")
        let tokens = transpose(mixed, [0, 2, 1, 3], name + "/tokens")
        return reshape(tokens, [0, 0, outputWidth], name)
    }
}
