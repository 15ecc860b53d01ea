internal import CUnmaskKernels
internal import UnmaskGraph

/// Linear layers and attention, each with the kernel of its arithmetic.
extension Lowering {
    mutating func linear(
        _ node: Node, _ fusion: LinearFusion, at index: Int, rows: Int, _ out: [Int]
    ) throws(RuntimeError) -> (Instruction, kind: String, flops: Int) {
        let x = try operand(node, LinearOperand.x)
        let weight = try operand(node, LinearOperand.weight)
        guard weight.shape.count == 2, x.shape.last == weight.shape[1], out.last == weight.shape[0] else {
            throw .malformedNode(
                name: node.name, op: node.op.name, problem: "input \(x.shape) and weight \(weight.shape) give \(out)")
        }
        let (n, k) = (weight.shape[0], weight.shape[1])
        let bias = optional(node, LinearOperand.bias)
        let residual = LinearOperand.residual < node.inputs.count ? node.inputs[LinearOperand.residual] : nil
        let residualSlot = optional(node, LinearOperand.residual)
        // The product reads x while it writes c, so only the residual's place can be taken over, not x's.
        let result = reuse(
            residual.map(memory.root) == memory.root(x.id) ? nil : residual, for: node, at: index, out)
        let kernel = engine.kernel(node.arithmetic)
        let floats = unmask_gemm_scratch_floats(kernel.handle, rows, k)
        let gemm = Instruction.GEMM(
            kernel: kernel, m: rows, n: n, k: k, a: x.slot, aForm: forms[x.id], weight: weight.slot, bias: bias,
            normWeight: fusion.normEpsilon == nil ? nil : optional(node, LinearOperand.normWeight),
            normBias: fusion.normEpsilon == nil ? nil : optional(node, LinearOperand.normBias),
            normEpsilon: fusion.normEpsilon ?? 0, grid: node.grid, activation: fusion.activation,
            scale: optional(node, LinearOperand.scale), residual: residualSlot, c: result, cForm: forms[node.output],
            scratch: try scratch(floats: floats, for: node))
        let parts = [
            fusion.normEpsilon == nil ? nil : "layerNorm", "linear", bias == nil ? nil : "bias",
            fusion.activation.map { "gelu (\($0.rawValue))" }, gemm.scale == nil ? nil : "scale",
            residualSlot == nil ? nil : "residual",
        ]
        return (.gemm(gemm), parts.compactMap { $0 }.joined(separator: " + "), saturatingProduct(2, rows, n, k))
    }

    /// - Parameters:
    ///   - operands: which of the node's operands hold q, k and v.
    ///   - bias: of joint attention, which operand is added to the scores, the identifiers of its tokens behind it.
    ///   - out: [B, Tq, D].
    mutating func attention(
        _ node: Node, _ attention: SeparateAttention, operands: [Int], bias: Int?, _ out: [Int]
    ) throws(RuntimeError) -> (Instruction, flops: Int) {
        let headWidth = out[2] / max(attention.heads, 1)
        guard attention.heads * headWidth == out[2] else {
            throw .malformedNode(
                name: node.name, op: node.op.name, problem: "\(attention.heads) heads give \(out)")
        }
        var places: [Instruction.Heads] = []
        var tokens: [Int] = []
        for (index, column) in zip(operands, attention.columns) {
            let found = try heads(
                node, operand: index, column: column, heads: attention.heads, headWidth: headWidth, images: out[0])
            places.append(found.heads)
            tokens.append(found.tokens)
        }
        guard tokens[0] == out[1], tokens[1] == tokens[2] else {
            throw .malformedNode(name: node.name, op: node.op.name, problem: "\(tokens) tokens give \(out)")
        }
        let result = place(node, out)
        let kernel = engine.kernel(node.arithmetic)
        let grid = bias == nil ? nil : try relatedGrid(node, headWidth: headWidth, tokens: tokens)
        let floats = unmask_attention_scratch_floats(
            engine.handle, kernel.handle, headWidth, tokens[0], tokens[1], grid?.rows ?? 0, grid?.columns ?? 0)
        var call = Instruction.Attention(
            kernel: kernel, batch: out[0], heads: attention.heads, headWidth: headWidth, queries: tokens[0],
            keys: tokens[1],
            q: places[0], k: places[1], v: places[2], scale: attention.scale,
            keyBias: optional(node, AttentionInput.keyBias), out: result, outForm: forms[node.output],
            scratch: try scratch(floats: floats, for: node) ?? .arena(0))
        if let bias, optional(node, bias) != nil { try add(bias: bias, of: node, to: &call) }
        var products = saturatingProduct(4, out[0], tokens[0], tokens[1], out[2])
        if let grid {
            (call.gridRows, call.gridColumns) = grid
            call.rowTable = optional(node, AttentionInput.rowTable)
            call.columnTable = optional(node, AttentionInput.columnTable)
            products = saturatingSum(
                products, saturatingProduct(4, out[0], tokens[0], grid.rows + grid.columns - 1, out[2]))
        }
        return (.attention(call), products)
    }

    /// The grid that an attention's tables are for; nil where it has none.
    private func relatedGrid(
        _ node: Node, headWidth: Int, tokens: [Int]
    ) throws(RuntimeError) -> (rows: Int, columns: Int)? {
        let places = [AttentionInput.rowTable, AttentionInput.columnTable]
        guard places.contains(where: { optional(node, $0) != nil }) else { return nil }
        var shapes: [[Int]] = []
        for place in places { shapes.append(try operand(node, place).shape) }
        let sides = shapes.map { (($0.first ?? 0) + 1) / 2 }
        guard tokens[0] == tokens[1], saturatingProduct(sides) == tokens[0],
            zip(shapes, sides).allSatisfy({ $0 == [2 * $1 - 1, headWidth] })
        else {
            throw .malformedNode(
                name: node.name, op: node.op.name,
                problem: "tables of shapes \(shapes[0]) and \(shapes[1]) for \(tokens[0]) tokens, heads of \(headWidth)"
            )
        }
        return (sides[0], sides[1])
    }

    /// Where the heads of an attention's operand lie, and of how many tokens they are; one image's may serve all.
    func heads(
        _ node: Node, operand index: Int, column: Int, heads: Int, headWidth: Int, images: Int
    ) throws(RuntimeError) -> (heads: Instruction.Heads, tokens: Int) {
        let x = try operand(node, index)
        let width = heads * headWidth
        let headsFirst = x.shape.count == 4
        guard
            headsFirst
                ? x.shape[1] == heads && x.shape[3] == headWidth
                : x.shape.count == 3 && column >= 0 && column + width <= x.shape[2],
            x.shape[0] == images || x.shape[0] == 1
        else {
            throw .malformedNode(
                name: node.name, op: node.op.name,
                problem: "operand \(index) of shape \(x.shape) for \(heads) heads of \(headWidth) from \(column) on")
        }
        let tokens = x.shape[headsFirst ? 2 : 1]
        let imageStride = x.shape[0] == 1 ? 0 : tokens * (headsFirst ? width : x.shape[2])
        let place =
            headsFirst
            ? Instruction.Heads(
                slot: x.slot, start: 0, imageStride: imageStride, tokenStride: headWidth,
                headStride: tokens * headWidth, form: forms[x.id])
            : Instruction.Heads(
                slot: x.slot, start: column, imageStride: imageStride, tokenStride: x.shape[2],
                headStride: headWidth, form: forms[x.id])
        return (place, tokens)
    }

    /// Adds a bias of pairs of tokens, in all images or in those that are kept of each.
    private mutating func add(
        bias place: Int, of node: Node, to call: inout Instruction.Attention
    ) throws(RuntimeError) {
        let bias = try operand(node, place)
        guard bias.shape.count == 3, bias.shape[0] == call.heads, bias.shape[1] == bias.shape[2],
            call.queries == call.keys
        else {
            throw .malformedNode(
                name: node.name, op: node.op.name, problem: "a bias of shape \(bias.shape) for \(call.keys) tokens")
        }
        (call.bias, call.biasTokens) = (bias.slot, bias.shape[1])
        guard optional(node, place + 1) != nil else {
            guard call.keys == call.biasTokens else {
                throw .malformedNode(
                    name: node.name, op: node.op.name, problem: "a bias for \(bias.shape[1]) of \(call.keys) tokens")
            }
            return
        }
        let ids = try operand(node, place + 1)
        (call.ids, call.kept) = (ids.slot, ids.shape[1])
        limitIdentifiers(node, place + 1, below: bias.shape[1] - (call.keys - call.kept))
    }
}
