internal import UnmaskGraph

extension Emitter {
    /// LayerNorm over the last axis: one operator from opset 17, before that the primitives that torch writes. Always in
    /// float32: squares of activations overflow float16, and small epsilons vanish in it.
    mutating func emitLayerNorm(_ x: String, weight: String, bias: String?, epsilon: Float, _ name: String) -> String {
        if opset >= 17 {
            let operands = [x, weight] + (bias.map { [$0] } ?? [])
            return node(
                "LayerNormalization", operands, name, ["axis": .int(-1), "epsilon": .float(epsilon)], float32: true)
        }
        func step(_ op: String, _ operands: [String], _ part: String, _ emitter: inout Emitter) -> String {
            emitter.node(op, operands, "\(name)/\(part)", float32: true)
        }
        let mean = reduce("ReduceMean", x, axes: [-1], keep: true, name + "/mean", float32: true)
        let centred = step("Sub", [x, mean], "centred", &self)
        let squared = step("Pow", [centred, scalar(2)], "squared", &self)
        let variance = reduce("ReduceMean", squared, axes: [-1], keep: true, name + "/variance", float32: true)
        let shifted = step("Add", [variance, scalar(epsilon)], "variance + epsilon", &self)
        let deviation = step("Sqrt", [shifted], "deviation", &self)
        let normal = step("Div", [centred, deviation], "normal", &self)
        guard let bias else { return node("Mul", [normal, weight], name, float32: true) }
        let scaled = step("Mul", [normal, weight], "scaled", &self)
        return node("Add", [scaled, bias], name, float32: true)
    }
}
