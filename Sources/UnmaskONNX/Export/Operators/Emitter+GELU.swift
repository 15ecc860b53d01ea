internal import UnmaskGraph

extension Emitter {
    /// GELU: one operator from opset 20, before that the primitives that torch writes. CLIP's and SiLU have no operator.
    mutating func emitGELU(_ x: String, _ kind: GELU, _ name: String) -> String {
        if [.erf, .tanh].contains(kind), opset >= 20 {
            return node("Gelu", [x], name, ["approximate": .string(kind == .tanh ? "tanh" : "none")])
        }
        switch kind {
        case .erf:
            // x · (1 + erf(x / √2)) · ½
            let scaled = node("Div", [x, scalar(Float(2).squareRoot())], name + "/scaled")
            let erf = node("Erf", [scaled], name + "/erf")
            let shifted = node("Add", [erf, scalar(1)], name + "/shifted")
            let product = node("Mul", [x, shifted], name + "/product")
            return node("Mul", [product, scalar(0.5)], name)
        case .quick:
            let scaled = node("Mul", [x, scalar(1.702)], name + "/scaled")
            return node("Mul", [x, node("Sigmoid", [scaled], name + "/gate")], name)
        case .silu: return node("Mul", [x, node("Sigmoid", [x], name + "/gate")], name)
        case .tanh:
            // ½ · x · (1 + tanh(√(2/π) · (x + 0.044715 · x³))); x³ overflows float16 from 41 on.
            let cube = node("Pow", [x, scalar(3)], name + "/cube", float32: true)
            let weighted = node("Mul", [cube, scalar(0.044715)], name + "/weighted", float32: true)
            let sum = node("Add", [x, weighted], name + "/sum", float32: true)
            let scaled = node(
                "Mul", [sum, scalar(Float((2 / Double.pi).squareRoot()))], name + "/scaled", float32: true)
            let tanh = node("Tanh", [scaled], name + "/tanh", float32: true)
            let shifted = node("Add", [tanh, scalar(1)], name + "/shifted", float32: true)
            let half = node("Mul", [x, scalar(0.5)], name + "/half", float32: true)
            return node("Mul", [half, shifted], name, float32: true)
        }
    }
}
