/// Gives each product its arithmetic, by the policy, by the product's role, and by what there are kernels for.
///
/// Float32 stay the first products behind an input (the patch embedding: its operands are pixels) and the last ones before
/// an output (a head, the decoder's prediction: their errors reach the answer undiminished). Attention takes part in
/// bfloat16 at most, for its operands have no rows whose scale could be known beforehand. Norms, softmax and the residual
/// stream are float32 in any case. Products whose grid is stated already (`AbsorbGrids`) keep it, whatever their role.
public struct ChooseArithmetic: Pass {
    public let name = "choose-arithmetic"
    public let precision: Precision
    /// Arithmetics that have kernels worth using; float32 always has.
    public let available: Set<Arithmetic>
    /// Names of nodes that int8 would round too roughly: they take the next best.
    public let rough: Set<String>

    /// The largest k whose sums of products of int8 numbers fit in 32 bits.
    static let largestWholeSum = 1 << 17

    public init(_ precision: Precision, available: Set<Arithmetic>, rough: Set<String> = []) {
        self.precision = precision
        self.rough = rough
        self.available = available
    }

    /// Returns how many products are not float32.
    public func run(_ graph: inout Graph) -> Int {
        guard precision != .f32 else { return 0 }
        let inner = innerProducts(of: graph)
        let producers = graph.producers()
        var changed = graph.nodes.count { $0.grid != nil }
        for index in inner where graph.nodes[index].grid == nil {
            // What a file rounds to a grid that no product takes in (of 16 bits, say) is not rounded once more.
            let isRounded = graph.nodes[index].inputs[0].flatMap { graph.grid(of: $0, producers) } != nil
            if precision == .file, isRounded { continue }
            let arithmetic = arithmetic(of: graph.nodes[index], in: graph)
            graph.nodes[index].arithmetic = arithmetic
            if arithmetic != .f32 { changed += 1 }
        }
        return changed
    }

    private func arithmetic(of node: Node, in graph: Graph) -> Arithmetic {
        let wanted: [Arithmetic]
        switch (node.op, precision) {
        case (_, .file):
            wanted = node.hasWholeWeight(in: graph) && fits(node, in: graph) ? [.i8] : []
        case (.attention, _), (.separateAttention, _), (_, .bf16): wanted = [.bf16]
        case (_, .int8):
            wanted = fits(node, in: graph) && !rough.contains(node.name) ? [.i8, .bf16] : [.bf16]
        case (_, .f32): wanted = []
        }
        return wanted.first(where: available.contains) ?? .f32
    }

    /// Products that have others before and behind them.
    private func innerProducts(of graph: Graph) -> [Int] {
        var derived: Set<ValueID> = []  // from a product
        var candidates: [Int] = []
        for (index, node) in graph.nodes.enumerated() {
            let isBehind = node.inputs.contains { $0.map(derived.contains) ?? false }
            let isProduct = node.isProduct(in: graph)
            if isProduct, isBehind { candidates.append(index) }
            if isProduct || isBehind { derived.formUnion(node.outputs) }
        }
        // A product whose result is added to something, or read by another product, is no end of the graph.
        var readOn: Set<ValueID> = []
        for node in graph.nodes.reversed() {
            let passesOn = node.outputs.contains(where: readOn.contains)
            if passesOn || node.isProduct(in: graph) || node.isSum { readOn.formUnion(node.inputs.compactMap { $0 }) }
        }
        return candidates.filter { index in
            let node = graph.nodes[index]
            return node.hasResidual || node.outputs.contains(where: readOn.contains)
        }
    }

    /// Whether the product's whole sums fit in 32 bits.
    private func fits(_ node: Node, in graph: Graph) -> Bool {
        let isWide = node.hasWholeWeight(in: graph, wide: true)
        return depth(of: node, in: graph) <= (isWide ? AbsorbGrids.largestWholeSum : Self.largestWholeSum)
    }

    /// The numbers that one sum of the product takes.
    private func depth(of node: Node, in graph: Graph) -> Int {
        guard node.inputs.count > 1, let weight = node.inputs[1], let shape = graph.constants[weight]?.shape else {
            return .max
        }
        return switch node.op {
        case .linear: shape.last ?? .max
        case .primitive(.convolution): saturatingProduct(shape.dropFirst())
        default: shape.max() ?? .max
        }
    }
}

extension Node {
    /// Whether this multiplies by weights, or attends.
    fileprivate func isProduct(in graph: Graph) -> Bool {
        switch op {
        case .linear, .attention, .separateAttention: true
        case .primitive(.matMul), .primitive(.gemm), .primitive(.convolution):
            inputs.count > 1 && inputs[1].map { graph.constants[$0] != nil } ?? false
        default: false
        }
    }

    /// Whether this is a linear layer whose weights its file holds as whole numbers of 8 bits; `wide`: with zero points.
    fileprivate func hasWholeWeight(in graph: Graph, wide: Bool = false) -> Bool {
        guard case .linear = op, let id = inputs[LinearOperand.weight],
            case .scaled(let whole, _) = graph.constants[id]?.contents
        else { return false }
        return !wide || whole.type == .i16
    }

    fileprivate var hasResidual: Bool {
        if case .linear = op {
            inputs.count > LinearOperand.residual && inputs[LinearOperand.residual] != nil
        } else {
            false
        }
    }

    fileprivate var isSum: Bool {
        switch op {
        case .add, .primitive(.binary(.add)): true
        default: false
        }
    }
}
