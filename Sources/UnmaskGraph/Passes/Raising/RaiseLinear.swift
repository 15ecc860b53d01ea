/// Products with constant matrices become linear layers, and constant rows added to them their biases:
///
/// - `MatMul(x, W)` with W [k, n], which may be the transpose of a constant
/// - `Gemm(x, W, c)` with either `transB`; alpha, beta 1
/// - `Add(linear, b)` and `Add(b, linear)` with b of n numbers
///
/// W serves as weight [n, k] without being moved.
public struct RaiseLinear: Pass {
    public let name = "raise-linear"
    public init() {}

    public func run(_ graph: inout Graph) -> Int {
        let uses = graph.useCounts()
        return graph.rewrite { editor, node in
            switch node.op {
            case .primitive(.matMul): product(&editor, node)
            case .primitive(.gemm(alpha: 1, beta: 1, transposeA: false, let transposeB)):
                gemm(&editor, node, transposeB: transposeB)
            case .primitive(.binary(.add)), .add: bias(&editor, node, uses)
            default: nil
            }
        }
    }

    private func product(_ editor: inout GraphEditor, _ node: Node) -> Replacement? {
        guard let x = node.inputs[0], let (name, matrix) = matrix(editor, node.inputs[1]),
            let weight = matrix.transposed(),
            editor.shape(x).rank >= 2
        else { return nil }
        return linear(&editor, node, x, name, weight, bias: nil)
    }

    private func gemm(_ editor: inout GraphEditor, _ node: Node, transposeB: Bool) -> Replacement? {
        guard let x = node.inputs[0], let (name, matrix) = matrix(editor, node.inputs[1]),
            let weight = transposeB ? matrix : matrix.transposed()
        else { return nil }
        var bias: ValueID?
        if node.inputs.count > 2, let c = node.inputs[2] {
            guard let row = editor.row(c, width: weight.shape[0]) else { return nil }
            bias = editor.graph[c].shape.rank == 1 ? c : editor.addConstant(editor.graph[c].name, row)
        }
        return linear(&editor, node, x, name, weight, bias: bias)
    }

    private func linear(
        _ editor: inout GraphEditor, _ node: Node, _ x: ValueID, _ name: String, _ weight: Tensor, bias: ValueID?
    ) -> Replacement? {
        guard editor.shape(x).width == weight.shape[1] else { return nil }
        var operands: [ValueID?] = Array(repeating: nil, count: LinearOperand.count)
        operands[LinearOperand.x] = x
        operands[LinearOperand.weight] = editor.addConstant(name, weight)
        operands[LinearOperand.bias] = bias
        return .nodes([Node(name: node.name, op: .linear(LinearFusion()), inputs: operands, outputs: node.outputs)])
    }

    /// A constant matrix with its name.
    private func matrix(_ editor: GraphEditor, _ id: ValueID?) -> (name: String, Tensor)? {
        guard let id, let tensor = editor.graph.constants[id], tensor.shape.count == 2, tensor.type.isFloatingPoint
        else { return nil }
        return (editor.graph[id].name, tensor)
    }

    private func bias(_ editor: inout GraphEditor, _ node: Node, _ uses: [ValueID: Int]) -> Replacement? {
        for (x, b) in [(node.inputs[0], node.inputs[1]), (node.inputs[1], node.inputs[0])] {
            guard let x, let b, var linear = editor.definition(x), linear.op == .linear(LinearFusion()), uses[x] == 1,
                linear.inputs[LinearOperand.bias] == nil, linear.inputs[LinearOperand.residual] == nil,
                editor.shape(x) == editor.shape(node.output), let row = editor.row(b, width: editor.shape(x).width)
            else { continue }
            let name = editor.graph[b].name
            linear.inputs[LinearOperand.bias] = editor.shape(b).rank == 1 ? b : editor.addConstant(name, row)
            linear.outputs = node.outputs
            return .nodes([linear])
        }
        return nil
    }
}
