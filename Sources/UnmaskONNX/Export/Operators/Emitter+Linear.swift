internal import UnmaskGraph

extension Emitter {
    /// A linear layer with whatever passes put into it: a convolution behind patches, else `MatMul` and `Add`.
    mutating func emitLinear(_ node: Node, _ fusion: LinearFusion) throws(ONNXExportError) {
        guard let input = node.inputs[LinearOperand.x] else {
            throw .unsupported(node: node.name, "operand 0 is missing")
        }
        let isPlain =
            fusion == LinearFusion() && node.inputs[LinearOperand.residual] == nil
            && node.operand(LinearOperand.scale) == nil
        if isPlain, let patches = patches[input], try emitPatchEmbedding(node, patches) { return }
        var x = try operand(input)
        if let epsilon = fusion.normEpsilon, let weight = node.inputs[LinearOperand.normWeight],
            let bias = node.inputs[LinearOperand.normBias]
        {
            x = emitLayerNorm(
                x, weight: try operand(weight), bias: try operand(bias), epsilon: epsilon, node.name + "/norm")
        }
        let residual = node.inputs[LinearOperand.residual]
        let scale = node.operand(LinearOperand.scale)
        let name = fusion.activation == nil && residual == nil && scale == nil ? node.name : node.name + "/linear"
        var y = try emitProduct(x, node, name)
        if let kind = fusion.activation {
            y = emitGELU(y, kind, residual == nil && scale == nil ? node.name : node.name + "/activation")
        }
        if let scale {
            y = self.node("Mul", [y, try operand(scale)], residual == nil ? node.name : node.name + "/scaled")
        }
        if let residual { y = self.node("Add", [y, try operand(residual)], node.name) }
        bind(node.output, to: y)
    }

    /// x · weightᵀ + bias. Rows are no `Gemm` either: in float16 some readers take its result for float32.
    private mutating func emitProduct(
        _ x: String, _ node: Node, _ name: String
    ) throws(ONNXExportError) -> String {
        let weight = try tensor(node.inputs[LinearOperand.weight], "weight", of: node)
        let weightName = node.inputs[LinearOperand.weight].map { graph[$0].name } ?? node.name + ".weight"
        if let range = options.activationRanges[node.name] {
            return try emitQuantisedProduct(x, weight, weightName, range: range, node, name)
        }
        let bias = try node.inputs[LinearOperand.bias].map { id throws(ONNXExportError) in try operand(id) }
        let productName = bias == nil ? name : name + "/product"
        let product: String
        if let bits = options.precision.weightBits, options.roundedLayers.contains(node.name) {
            product = try emitBlockProduct(x, weight, weightName, bits: bits, productName)
        } else {
            product = self.node(
                "MatMul", [x, initializer(weightName, weight, layout: .transposed)], productName)
        }
        guard let bias else { return product }
        return self.node("Add", [product, bias], name)
    }
}
