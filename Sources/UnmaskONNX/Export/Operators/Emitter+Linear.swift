internal import UnmaskGraph

extension Emitter {
    /// A linear layer with whatever passes put into it: a convolution behind patches, `Gemm` for rows, else `MatMul`
    /// and `Add`.
    mutating func emitLinear(_ node: Node, _ fusion: LinearFusion) throws(ONNXExportError) {
        guard let input = node.inputs[LinearOperand.x] else {
            throw .unsupported(node: node.name, "operand 0 is missing")
        }
        let isPlain = fusion == LinearFusion() && node.inputs[LinearOperand.residual] == nil
        if isPlain, let patches = patches[input], try emitPatchEmbedding(node, patches) { return }
        var x = try operand(input)
        if let epsilon = fusion.normEpsilon, let weight = node.inputs[LinearOperand.normWeight],
            let bias = node.inputs[LinearOperand.normBias]
        {
            x = emitLayerNorm(
                x, weight: try operand(weight), bias: try operand(bias), epsilon: epsilon, node.name + "/norm")
        }
        let residual = node.inputs[LinearOperand.residual]
        let name = fusion.activation == nil && residual == nil ? node.name : node.name + "/linear"
        var y = try emitProduct(x, node, rank: rank(input), name)
        if let kind = fusion.activation {
            y = emitGELU(y, kind, residual == nil ? node.name : node.name + "/activation")
        }
        if let residual { y = self.node("Add", [y, try operand(residual)], node.name) }
        bind(node.output, to: y)
    }

    /// x · weightᵀ + bias.
    private mutating func emitProduct(
        _ x: String, _ node: Node, rank: Int, _ name: String
    ) throws(ONNXExportError) -> String {
        let weight = try tensor(node.inputs[LinearOperand.weight], "weight", of: node)
        let weightName = node.inputs[LinearOperand.weight].map { graph[$0].name } ?? node.name + ".weight"
        let bias = try node.inputs[LinearOperand.bias].map { id throws(ONNXExportError) in try operand(id) }
        let range = options.activationRanges[node.name]
        let x = range.map { quantised(x, range: $0, node.name) } ?? x
        if rank == 2 {
            let w =
                range == nil
                ? initializer(weightName, weight)
                : try quantisedWeight(weight, weightName, layout: .asStored)
            return self.node("Gemm", [x, w] + (bias.map { [$0] } ?? []), name, ["transB": .int(1)])
        }
        let w =
            range == nil
            ? initializer(weightName, weight, layout: .transposed)
            : try quantisedWeight(weight, weightName, layout: .transposed)
        guard let bias else { return self.node("MatMul", [x, w], name) }
        let product = self.node("MatMul", [x, w], name + "/product")
        return self.node("Add", [product, bias], name)
    }
}
