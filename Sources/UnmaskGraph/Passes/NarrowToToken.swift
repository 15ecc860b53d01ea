/// What is read of one token alone is computed for that token alone: the class token's vector needs of the last block
/// every token's keys and values, but only its own projection and MLP.
///
/// Worth running on a graph pruned to the outputs that are asked for, since others read all tokens. It keeps every bit:
/// a row's numbers do not depend on the rows beside it.
public struct NarrowToToken: Pass {
    public let name = "narrow-to-token"
    public init() {}

    public func run(_ graph: inout Graph) -> Int {
        let tokens = Set(graph.nodes.compactMap(\.op.selectedToken))
        return tokens.sorted().reduce(0) { $0 + narrow(&graph, to: $1) }
    }

    private func narrow(_ graph: inout Graph, to token: Int) -> Int {
        let narrowed = nodesReadOnly(at: token, in: graph)
        guard !narrowed.isEmpty else { return 0 }
        var nodes: [Node] = []
        var rows: [ValueID: ValueID] = [:]
        /// Replaced results of selections that are not needed any more.
        var replaced: [ValueID: ValueID] = [:]

        /// The token's row of a value: computed so, or selected once from all rows.
        func row(of id: ValueID) -> ValueID {
            if let known = rows[id] { return known }
            let row = graph.addValue("\(graph[id].name)[\(token)]", graph[id].shape.withoutTokens)
            let name = "\(graph[id].name) token \(token)"
            nodes.append(Node(name: name, op: .selectToken(token), inputs: [id], outputs: [row]))
            rows[id] = row
            return row
        }

        for (index, var node) in graph.nodes.enumerated() {
            node.inputs = node.inputs.map { $0.map { replaced[$0] ?? $0 } }
            if narrowed.contains(index), node.op.keeps(token), let x = node.inputs[0] {
                rows[node.output] = row(of: x)
                continue
            } else if narrowed.contains(index) {
                let full = node.output
                for place in node.op.rowOperands where place < node.inputs.count {
                    node.inputs[place] = node.inputs[place].map(row)
                }
                node.output = graph.addValue(graph[full].name, graph[full].shape.withoutTokens)
                rows[full] = node.output
            } else if node.op.selectedToken == token, let known = node.inputs[0].flatMap({ rows[$0] }) {
                replaced[node.output] = known
                continue
            }
            nodes.append(node)
        }
        graph.nodes = nodes
        graph.replaceOutputs { replaced[$0] ?? $0 }
        return narrowed.count
    }

    /// The nodes that work row by row, and of whose result nothing but this token's row is read.
    private func nodesReadOnly(at token: Int, in graph: Graph) -> Set<Int> {
        var needed = Set(graph.outputs.map(\.value))  // with all rows
        var selected: Set<ValueID> = []
        var narrowed: Set<Int> = []
        for (index, node) in graph.nodes.enumerated().reversed() {
            let operands = node.inputs.compactMap { $0 }
            if node.op.selectedToken == token {
                selected.formUnion(operands)
            } else if selected.contains(node.output), !needed.contains(node.output), node.op.keeps(token) {
                narrowed.insert(index)
                selected.formUnion(operands.prefix(1))
            } else if selected.contains(node.output), !needed.contains(node.output), node.isRowwise(in: graph) {
                narrowed.insert(index)
                selected.formUnion(node.rowInputs)
            } else {
                needed.formUnion(operands)
            }
        }
        return narrowed
    }
}

extension Op {
    fileprivate var selectedToken: Int? {
        if case .selectToken(let token) = self { token } else { nil }
    }

    /// Whether this token of the result is the first operand's.
    fileprivate func keeps(_ token: Int) -> Bool {
        if case .mergeTokens(let fixed) = self { token < fixed } else { false }
    }

    /// The places of the operands whose rows are the tokens, for operations that take each row for itself; else empty.
    var rowOperands: [Int] {
        switch self {
        case .linear: [LinearOperand.x, LinearOperand.residual]
        case .layerNorm, .rmsNorm, .deviationNorm, .normalizeHeads, .gelu, .gate, .scaleShift, .roundToGrid: [0]
        case .add: [0, 1]
        default: []
        }
    }
}

extension Node {
    var rowInputs: [ValueID] {
        op.rowOperands.compactMap { $0 < inputs.count ? inputs[$0] : nil }
    }

    /// Whether each token's row of the result comes from that token's rows alone.
    func isRowwise(in graph: Graph) -> Bool {
        !rowInputs.isEmpty
            && rowInputs.allSatisfy { graph[$0].shape.dimensions.count == 3 && graph.constants[$0] == nil }
    }
}

extension Shape {
    /// [B, T, n] → [B, n].
    fileprivate var withoutTokens: Shape { Shape([dimensions[0], dimensions[2]]) }
}
