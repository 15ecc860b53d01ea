/// Products of dynamically quantised values become products of the values themselves with weights that stay whole:
///
/// - `Mul(Cast(MatMulInteger(xq, W)), Mul(xs, ws))`, xq and xs from `DynamicQuantizeLinear(x)`: `linear(x, W)`
/// - `Mul(Cast(ConvInteger(xq, W)), Mul(xs, ws))`: the convolution of x
/// - `MatMul(DequantizeLinear(xq, xs), W)`, as the importer has onnxruntime's fused forms
///
/// and a row that is added to a convolution's channels becomes its bias, as in a file that was not quantised.
///
/// `DynamicQuantizeLinear` takes one range over all of x, so that a result depends on what else is in the batch. The layer that
/// takes its place rounds each row by a scale of its own where its product is int8, and not at all elsewhere.
public struct RaiseQuantisedLinear: Pass {
    public let name = "raise-quantised-linear"
    public init() {}

    public func run(_ graph: inout Graph) -> Int {
        let uses = graph.useCounts()
        let readers = graph.readers()
        return graph.rewrite { editor, node in
            switch node.op {
            case .primitive(.binary(.multiply)): product(&editor, node)
            case .primitive(.dequantize): operand(editor, node, readers)
            case .primitive(.binary(.add)): bias(&editor, node, uses)
            default: nil
            }
        }
    }

    // MARK: Whole products

    private func product(_ editor: inout GraphEditor, _ node: Node) -> Replacement? {
        var factors: [ValueID] = []
        collectFactors(editor, node.output, into: &factors)
        guard factors.count == 3,
            let (scale, values) = dynamicScale(editor, factors),
            let scales = constantScale(editor, factors),
            let whole = castToFloat(editor, factors, besides: scale), let sum = editor.definition(whole.inputs[0])
        else { return nil }
        switch sum.op {
        case .primitive(.matMulInteger): return linear(&editor, node, sum, values, scales)
        case .primitive(.cast(.i32)):
            guard let inner = editor.primitive(sum.inputs[0]), case .convolution(let convolution) = inner.op else {
                return nil
            }
            return self.convolution(&editor, node, inner.node, convolution, values, scales)
        default: return nil
        }
    }

    /// What a product of two or three values is a product of.
    private func collectFactors(_ editor: GraphEditor, _ id: ValueID, into factors: inout [ValueID], steps: Int = 2) {
        guard steps > 0, let (a, b) = editor.operands(of: id, .multiply) else { return factors.append(id) }
        collectFactors(editor, a, into: &factors, steps: steps - 1)
        collectFactors(editor, b, into: &factors, steps: steps - 1)
    }

    /// The one among these that is a scale found as the graph runs, with the node that finds it.
    private func dynamicScale(_ editor: GraphEditor, _ factors: [ValueID]) -> (scale: ValueID, node: Node)? {
        for id in factors {
            guard let (op, node) = editor.primitive(id), op == .dynamicQuantize, node.outputs.count > 2,
                node.outputs[1] == id
            else { continue }
            return (id, node)
        }
        return nil
    }

    private func castToFloat(_ editor: GraphEditor, _ factors: [ValueID], besides scale: ValueID) -> Node? {
        for id in factors where id != scale {
            if let (op, node) = editor.primitive(id), op == .cast(.f32) { return node }
        }
        return nil
    }

    /// Those that the file states.
    private func constantScale(_ editor: GraphEditor, _ factors: [ValueID]) -> [Float]? {
        for id in factors {
            if let found = StatedScales(editor, scale: id, zero: nil) { return found.scales }
        }
        return nil
    }

    private func linear(
        _ editor: inout GraphEditor, _ node: Node, _ product: Node, _ values: Node, _ scales: [Float]
    ) -> Replacement? {
        let zeros = product.inputs + Array(repeating: nil, count: 4 - product.inputs.count)
        guard product.inputs[0] == values.outputs[0], zeros[2] == values.outputs[2], let x = values.inputs[0],
            editor.shape(x).rank >= 2, let id = product.inputs[1], let bytes = editor.graph.constants[id],
            bytes.shape.count == 2, let offsets = numbers(editor, zeros[3]),
            let weight = Tensor.whole(bytes, axis: 1, scales: scales, zeros: offsets)?.transposed(),
            editor.shape(x).width == weight.shape[1]
        else { return nil }
        var operands: [ValueID?] = Array(repeating: nil, count: LinearOperand.count)
        operands[LinearOperand.x] = x
        operands[LinearOperand.weight] = editor.addConstant(editor.graph[id].name, weight)
        return .nodes([
            Node(name: product.name, op: .linear(LinearFusion()), inputs: operands, outputs: node.outputs)
        ])
    }

    /// A convolution whose operands are bytes without their zero points, as float32.
    private func convolution(
        _ editor: inout GraphEditor, _ node: Node, _ product: Node, _ convolution: Convolution, _ values: Node,
        _ scales: [Float]
    ) -> Replacement? {
        guard scales.count == 1, product.inputs.count == 2,
            let (bytes, zero) = offset(editor, product.inputs[0]), bytes == values.outputs[0],
            zero == values.outputs[2], let x = values.inputs[0],
            let (name, weight) = filters(editor, product.inputs[1], scale: scales[0])
        else { return nil }
        let operand = editor.addConstant(name, weight)
        return .nodes([
            Node(
                name: product.name, op: .primitive(.convolution(convolution)), inputs: [x, operand],
                outputs: node.outputs)
        ])
    }

    /// A convolution's whole weights, computed already or not, times their scale.
    private func filters(_ editor: GraphEditor, _ id: ValueID?, scale: Float) -> (name: String, Tensor)? {
        if let id, let tensor = editor.graph.constants[id], tensor.type == .f32, let outputs = tensor.shape.first {
            return (editor.graph[id].name, tensor.timesRows(Array(repeating: scale, count: outputs)))
        }
        guard let (bytes, zero) = offset(editor, id), let tensor = editor.graph.constants[bytes],
            let offsets = numbers(editor, zero), offsets.count <= 1,
            let weight = Tensor.whole(tensor, axis: 0, scales: [scale], zeros: offsets)
        else { return nil }
        return (editor.graph[bytes].name, weight)
    }

    /// The bytes and the zero point of cast(bytes) - cast(zero), the zero point absent where nothing is taken off.
    private func offset(_ editor: GraphEditor, _ id: ValueID?) -> (bytes: ValueID, zero: ValueID?)? {
        func uncast(_ id: ValueID?) -> ValueID? {
            guard let (op, node) = editor.primitive(id), op == .cast(.f32) else { return nil }
            return node.inputs[0]
        }
        if let bytes = uncast(id) { return (bytes, nil) }
        guard let (a, b) = editor.operands(of: id, .subtract), let bytes = uncast(a), let zero = uncast(b) else {
            return nil
        }
        return (bytes, zero)
    }

    /// Constant zero points, none for an absent operand; nil where they are computed.
    private func numbers(_ editor: GraphEditor, _ id: ValueID?) -> [Int]? {
        guard let id else { return [] }
        return editor.graph.constants[id]?.wholeNumbers
    }

    // MARK: Dequantised operands

    /// What was quantised, where products with constant matrices alone read it.
    private func operand(_ editor: GraphEditor, _ node: Node, _ readers: [ValueID: [Node]]) -> Replacement? {
        guard let (op, values) = editor.primitive(node.inputs[0]), op == .dynamicQuantize, node.inputs.count == 3,
            node.inputs == values.outputs.map(Optional.some), let x = values.inputs[0],
            let products = readers[node.output], !products.isEmpty,
            products.allSatisfy({ product in
                product.op == .primitive(.matMul) && product.inputs[0] == node.output
                    && product.inputs[1].flatMap { editor.graph.constants[$0] }?.shape.count == 2
            })
        else { return nil }
        return .value(x)
    }

    // MARK: Biases

    private func bias(_ editor: inout GraphEditor, _ node: Node, _ uses: [ValueID: Int]) -> Replacement? {
        for (x, b) in [(node.inputs[0], node.inputs[1]), (node.inputs[1], node.inputs[0])] {
            guard let x, let b, uses[x] == 1, var convolution = editor.definition(x),
                case .primitive(.convolution) = convolution.op, convolution.inputs.count == 2,
                editor.shape(x) == editor.shape(node.output), editor.shape(x).rank > 2,
                let channels = editor.shape(x).dimensions[1].number, let row = editor.graph.constants[b],
                row.type == .f32, row.count == channels, row.shape.count >= editor.shape(x).rank - 1,
                row.shape[row.shape.count - editor.shape(x).rank + 1] == channels, let flat = row.reshaped([channels])
            else { continue }
            convolution.inputs.append(editor.addConstant(editor.graph[b].name, flat))
            convolution.outputs = node.outputs
            return .nodes([convolution])
        }
        return nil
    }
}
