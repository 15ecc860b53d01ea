internal import UnmaskGraph

/// How a constant lies in memory for the kernel that reads it. A constant that kernels read in several forms is there
/// in each.
enum WeightForm: Hashable {
    /// Row-major, of the type that elements have at run time.
    case plain
    /// Matrices [n, k] (transposed: [k, n]) one after another, each packed into the panels of a kernel.
    case panels(ProductKernel, count: Int, n: Int, k: Int, transposed: Bool)
}

/// A constant and a form in which a graph needs it.
struct WeightUse: Hashable {
    let id: ValueID
    let form: WeightForm
}

extension Graph {
    /// The form in which a node reads a constant operand.
    func weightForm(of node: Node, operand index: Int, _ engine: Engine) -> WeightForm {
        let kernel = engine.kernel(node.arithmetic)
        switch node.op {
        case .linear:
            guard index == LinearOperand.weight, let id = node.inputs[index],
                let shape = constants[id]?.shape, shape.count == 2
            else { return .plain }
            return .panels(kernel, count: 1, n: shape[0], k: shape[1], transposed: false)
        case .primitive(let primitive):
            return PrimitiveKernel.of(primitive, node, self).weightForm(operand: index, kernel)
        default: return .plain
        }
    }

    /// All constants that nodes and outputs read, each in the forms needed, in a fixed order.
    func weightUses(_ engine: Engine) -> [WeightUse] {
        var uses = Set(outputs.filter { constants[$0.value] != nil }.map { WeightUse(id: $0.value, form: .plain) })
        var ordered = outputs.compactMap { constants[$0.value] == nil ? nil : WeightUse(id: $0.value, form: .plain) }
        for node in nodes {
            for (index, id) in node.inputs.enumerated() {
                guard let id, constants[id] != nil else { continue }
                let use = WeightUse(id: id, form: weightForm(of: node, operand: index, engine))
                if uses.insert(use).inserted { ordered.append(use) }
            }
        }
        return ordered.sorted { $0.id.index < $1.id.index }
    }
}
