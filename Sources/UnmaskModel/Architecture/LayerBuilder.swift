internal import UnmaskGraph
internal import UnmaskWeights

/// Adds a transformer's layers to a graph, finding each layer's parameters by its name.
///
/// Shapes in comments: B images, K kept patches, N patches, T tokens, D width.
struct LayerBuilder {
    var graph = Graph()
    private let parameters: [String: Tensor]

    /// - Parameter parameters: by timm's names; complete, as `ParameterTable.check` made sure.
    init(parameters: [String: Tensor]) {
        self.parameters = parameters
    }

    func parameter(_ name: String) throws(ModelError) -> Tensor {
        guard let tensor = parameters[name] else {
            throw .parameterMismatch(file: "the model", missing: [name], unexpected: [], misshapen: [])
        }
        return tensor
    }

    /// The numbers of a small parameter.
    func floats(_ name: String) throws(ModelError) -> [Float] {
        guard let values = try parameter(name).floats() else {
            throw .unsupported(file: name, feature: "its numbers are not f32, f16 or bf16")
        }
        return values
    }

    private mutating func constant(_ name: String) throws(ModelError) -> ValueID {
        graph.addConstant(name, try parameter(name))
    }

    mutating func linear(_ x: ValueID, _ name: String) throws(ModelError) -> ValueID {
        let weight = try parameter("\(name).weight")
        var operands: [ValueID?] = Array(repeating: nil, count: LinearOperand.count)
        operands[LinearOperand.x] = x
        operands[LinearOperand.weight] = graph.addConstant("\(name).weight", weight)
        if parameters["\(name).bias"] != nil { operands[LinearOperand.bias] = try constant("\(name).bias") }
        return graph.add(
            .linear(LinearFusion()), named: name, operands, shape: graph[x].shape.with(width: weight.shape[0]))
    }

    /// A linear layer whose numbers were computed here.
    mutating func linear(_ x: ValueID, _ name: String, weight: Tensor, bias: [Float]) -> ValueID {
        var operands: [ValueID?] = Array(repeating: nil, count: LinearOperand.count)
        operands[LinearOperand.x] = x
        operands[LinearOperand.weight] = graph.addConstant("\(name).weight", weight)
        operands[LinearOperand.bias] = vector("\(name).bias", bias)
        return graph.add(
            .linear(LinearFusion()), named: name, operands, shape: graph[x].shape.with(width: weight.shape[0]))
    }

    mutating func vector(_ name: String, _ values: [Float]) -> ValueID {
        graph.addConstant(name, Tensor(values, shape: [values.count]))
    }

    mutating func layerNorm(_ x: ValueID, _ name: String, epsilon: Float) throws(ModelError) -> ValueID {
        let weight = try constant("\(name).weight")
        let bias = try constant("\(name).bias")
        return graph.add(.layerNorm(epsilon: epsilon), named: name, [x, weight, bias], shape: graph[x].shape)
    }

    mutating func add(_ a: ValueID, _ b: ValueID, _ name: String) -> ValueID {
        graph.add(.add, named: name, [a, b], shape: graph[a].shape)
    }

    /// One transformer block, [B, T, D] → [B, T, D] (Dosovitskiy et al. 2020, equations 2 and 3).
    mutating func block(
        _ x: ValueID, _ name: String, width: Int, heads: Int, gelu: GELU, epsilon: Float
    ) throws(ModelError) -> ValueID {
        var y = try layerNorm(x, "\(name).norm1", epsilon: epsilon)  // [B, T, D]
        y = try linear(y, "\(name).attn.qkv")  // [B, T, 3·D]
        y = graph.add(
            .attention(heads: heads), named: "\(name).attn", [y], shape: graph[y].shape.with(width: width))
        y = try linear(y, "\(name).attn.proj")  // [B, T, D]
        let x = add(x, y, "\(name).attn.residual")
        y = try layerNorm(x, "\(name).norm2", epsilon: epsilon)  // [B, T, D]
        y = try linear(y, "\(name).mlp.fc1")  // [B, T, 4·D]
        y = graph.add(.gelu(gelu), named: "\(name).mlp.act", [y], shape: graph[y].shape)
        y = try linear(y, "\(name).mlp.fc2")  // [B, T, D]
        return add(x, y, "\(name).mlp.residual")
    }
}
