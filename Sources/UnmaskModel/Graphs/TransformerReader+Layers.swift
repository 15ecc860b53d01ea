internal import UnmaskGraph
internal import UnmaskWeights

/// Reading single layers, whose parameters get the names that are asked for.
extension TransformerReader {
    func user(of id: ValueID, where matches: (Op) -> Bool) -> Node? {
        users[id]?.first { matches($0.op) }
    }

    /// The sum of a stream and its branch, in either order.
    func sum(_ stream: ValueID, _ branch: ValueID) -> ValueID? {
        users[branch]?.first { $0.op == .add && Set($0.inputs) == [stream, branch] }?.output
    }

    func constant(_ node: Node, _ operand: Int) -> Tensor? {
        guard operand < node.inputs.count, let id = node.inputs[operand] else { return nil }
        return graph.constants[id]
    }

    func floats(_ node: Node, _ operand: Int) -> [Float]? {
        constant(node, operand)?.floats()
    }

    func users(of id: ValueID) -> [Node] { users[id] ?? [] }

    func producer(of id: ValueID) -> Node? { producers[id] }

    func shape(_ id: ValueID) -> Shape { graph[id].shape }

    func isConstant(_ id: ValueID) -> Bool { graph.constants[id] != nil }

    func integers(_ id: ValueID) -> [Int]? { graph.integers[id]?.bound(by: [:]) }

    /// The configuration gives this value too.
    mutating func explain(_ id: ValueID) { explained.insert(id) }

    mutating func layerNorm(_ x: ValueID, _ name: String) -> (output: ValueID, epsilon: Float)? {
        for node in users[x] ?? [] {
            if let found = layerNorm(x, name, of: node) { return found }
        }
        return nil
    }

    mutating func layerNorm(_ x: ValueID, _ name: String, of node: Node) -> (output: ValueID, epsilon: Float)? {
        guard case .layerNorm(let epsilon) = node.op, node.inputs.first == x, let weight = constant(node, 1),
            let bias = constant(node, 2), let width = graph[x].shape.width,
            let row = weight.reshaped([width]), let biasRow = bias.reshaped([width])
        else { return nil }
        tensors["\(name).weight"] = row
        tensors["\(name).bias"] = biasRow
        return (node.output, epsilon)
    }

    /// - Parameter fillsBias: whether a layer without a bias gets zeros, which changes nothing.
    mutating func linear(
        _ x: ValueID, _ name: String, fillsBias: Bool = true
    ) -> (output: ValueID, hasBias: Bool)? {
        for node in users[x] ?? [] {
            if let found = linear(x, name, of: node, fillsBias: fillsBias) { return found }
        }
        return nil
    }

    mutating func linear(
        _ x: ValueID, _ name: String, of node: Node, fillsBias: Bool = true
    ) -> (output: ValueID, hasBias: Bool)? {
        guard node.op == .linear(LinearFusion()), node.inputs.first == x,
            node.inputs.dropFirst(LinearOperand.normWeight).allSatisfy({ $0 == nil }),
            let weight = constant(node, LinearOperand.weight), weight.shape.count == 2
        else { return nil }
        let hasBias = node.inputs.count > LinearOperand.bias && node.inputs[LinearOperand.bias] != nil
        if hasBias {
            guard let bias = constant(node, LinearOperand.bias)?.reshaped([weight.shape[0]]) else { return nil }
            tensors["\(name).bias"] = bias
        } else if fillsBias {
            tensors["\(name).bias"] = Tensor(
                Array(repeating: 0, count: weight.shape[0]), shape: [weight.shape[0]])
        }
        tensors["\(name).weight"] = weight
        return (node.output, hasBias)
    }
}
