/// Takes rounding to 8-bit grids out again, `dequantize(quantize(x, s, z), s, z)`: what Unmask's own 8-bit files put around
/// what layers read, so that runtimes with 8-bit kernels find them. Weights stay the rounded ones.
public struct RemoveActivationGrids: Pass {
    public let name = "remove-activation-grids"
    public init() {}

    public func run(_ graph: inout Graph) -> Int {
        graph.rewrite { editor, node in
            guard case .primitive(.dequantize) = node.op, let bytes = node.inputs[0],
                let quantised = editor.definition(bytes), case .primitive(.quantize) = quantised.op,
                quantised.inputs.dropFirst() == node.inputs.dropFirst(), let x = quantised.inputs[0],
                editor.graph[x].type == .f32
            else { return nil }
            return .value(x)
        }
    }
}
