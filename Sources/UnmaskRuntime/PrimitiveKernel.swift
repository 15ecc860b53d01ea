internal import UnmaskGraph

/// Which kernels compute a primitive. Chosen from what the graph says of its operands (not from sizes that a plan binds),
/// so that weights can be laid out before any plan is made.
enum PrimitiveKernel: Equatable {
    /// The same elements under another shape: nothing is computed.
    case view
    /// x [..., k] times a constant matrix, packed beforehand, [n, k] or (transposed) [k, n].
    case linear(n: Int, k: Int, transposed: Bool)
    /// Batched matrices, the right-hand ones packed as they come.
    case product
    /// Columns of the window's elements times the filters, packed beforehand, group by group.
    case convolution(groups: Int, n: Int, k: Int)
    case layerNorm
    case softmax
    case add
    /// What has no kernel of its own is evaluated by its definition.
    case evaluation

    static func of(_ primitive: Primitive, _ node: Node, _ graph: Graph) -> PrimitiveKernel {
        let operands = node.inputs.map { $0.map { graph.fact($0) } }
        func isFloat(_ index: Int) -> Bool {
            index < operands.count && operands[index]?.type.isFloatingPoint ?? false
        }
        func matrix(_ index: Int) -> [Int]? {
            guard index < node.inputs.count, let id = node.inputs[index], let tensor = graph.constants[id],
                tensor.type.isFloatingPoint
            else { return nil }
            return tensor.shape
        }
        switch primitive {
        case .reshape, .flatten, .squeeze, .unsqueeze, .identity: return .view
        case .cast(let type): return operands[0]?.type.atRunTime == type.atRunTime ? .view : .evaluation
        case .matMul:
            guard isFloat(0), isFloat(1) else { return .evaluation }
            guard let shape = matrix(1), shape.count == 2 else { return .product }
            return .linear(n: shape[1], k: shape[0], transposed: true)
        case .gemm(let alpha, let beta, false, let transposeB):
            guard isFloat(0), alpha == 1, let shape = matrix(1) else { return .evaluation }
            let (n, k) = transposeB ? (shape[0], shape[1]) : (shape[1], shape[0])
            if node.inputs.count > 2, let id = node.inputs[2] {
                let c = graph[id].shape
                guard beta == 1, c == [.fixed(n)] || c == [1, .fixed(n)] || c == graph[node.output].shape else {
                    return .evaluation
                }
            }
            return .linear(n: n, k: k, transposed: !transposeB)
        case .convolution(let convolution):
            guard isFloat(0), let shape = matrix(1) else { return .evaluation }
            let n = shape[0] / convolution.groups
            // Few filters a group (depthwise above all) would leave most of the GEMM's columns empty.
            guard n >= 4 else { return .evaluation }
            return .convolution(groups: convolution.groups, n: n, k: shape[1...].reduce(1, *))
        case .layerNormalization(let axis, _):
            guard let x = operands[0]?.shape, node.outputs.count == 1 else { return .evaluation }
            let row = Shape(Array(x.dimensions[(axis < 0 ? axis + x.dimensions.count : axis)...]))
            let parameters = operands.dropFirst().allSatisfy { $0?.shape ?? row == row }
            return row.bound(by: [:]) != nil && parameters ? .layerNorm : .evaluation
        case .softmax(let axis):
            let rank = operands[0]?.shape.dimensions.count ?? 0
            return axis == -1 || axis == rank - 1 ? .softmax : .evaluation
        case .binary(.add):
            return isFloat(0) && operands[0]?.shape == operands[1]?.shape ? .add : .evaluation
        default: return .evaluation
        }
    }

    /// The form in which a constant operand is read.
    func weightForm(operand index: Int, _ kernel: ProductKernel) -> WeightForm {
        switch self {
        case .linear(let n, let k, let transposed) where index == 1:
            .panels(kernel, count: 1, n: n, k: k, transposed: transposed)
        case .convolution(let groups, let n, let k) where index == 1:
            .panels(kernel, count: groups, n: n, k: k, transposed: false)
        default: .plain
        }
    }
}
