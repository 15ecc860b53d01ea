/// LayerScale (Touvron et al. 2021), a constant row γ that the result of a linear layer is multiplied by, goes into the
/// layer: weight rows and bias times γ.
public struct RaiseLayerScale: Pass {
    public let name = "raise-layer-scale"
    public init() {}

    public func run(_ graph: inout Graph) -> Int {
        let uses = graph.useCounts()
        return graph.rewrite { editor, node in
            guard let (a, b) = editor.operands(of: node, .multiply) else { return nil }
            for (x, gamma) in [(a, b), (b, a)] {
                guard uses[x] == 1, editor.shape(x) == editor.shape(node.output), var linear = editor.definition(x),
                    linear.op == .linear(LinearFusion()), linear.inputs[LinearOperand.residual] == nil,
                    let row = editor.row(gamma, width: editor.shape(x).width)?.widened(),
                    let weightID = linear.inputs[LinearOperand.weight], let weight = editor.graph.constants[weightID],
                    weight.shape.count == 2
                else { continue }
                let name = editor.graph[gamma].name
                linear.inputs[LinearOperand.weight] = editor.addConstant(
                    "\(editor.graph[weightID].name) · \(name)", weight.timesRows(row))
                switch editor.graph.optionalRow(linear, LinearOperand.bias, count: row.count) {
                case .absent: break
                case .unreadable: continue
                case .numbers(let bias):
                    linear.inputs[LinearOperand.bias] = editor.addConstant(
                        "\(node.name).bias · \(name)", Tensor(zip(bias, row).map { $0 * $1 }, shape: [row.count]))
                }
                linear.outputs = node.outputs
                return .nodes([linear])
            }
            return nil
        }
    }
}
