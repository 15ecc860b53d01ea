/// Products of 8-bit integers whose sums are read as float32, as dynamic quantisation leaves them
/// (`MatMulInteger → Cast`, `ConvInteger → Cast`), become products of float32: the operands are whole numbers, and a sum
/// that needs more than 24 bits would be rounded by the cast as well. What follows can then be raised.
///
///     cast(matMulInteger(a, b, za, zb)) = (cast(a) - za) · (cast(b) - zb)
public struct RaiseWholeNumbers: Pass {
    public let name = "raise-whole-numbers"
    public init() {}

    public func run(_ graph: inout Graph) -> Int {
        graph.rewrite { editor, node in
            guard case .primitive(.cast(.f32)) = node.op, let x = node.inputs[0], let inner = editor.definition(x),
                case .primitive(let primitive) = inner.op
            else { return nil }
            switch primitive {
            case .matMulInteger: return product(&editor, node, inner)
            case .cast(.i32):
                guard let whole = inner.inputs[0], editor.graph[whole].type == .f32, isWhole(editor, whole) else {
                    return nil
                }
                return .value(whole)
            default: return nil
            }
        }
    }

    private func product(_ editor: inout GraphEditor, _ node: Node, _ product: Node) -> Replacement? {
        var nodes: [Node] = []
        var factors: [ValueID] = []
        for place in 0...1 {
            let zero = place + 2 < product.inputs.count ? product.inputs[place + 2] : nil
            guard let x = product.inputs[place], isSingleOrColumns(editor, zero, place: place) else { return nil }
            factors.append(offset(&editor, x, zero, "\(node.name)/\(place)", &nodes))
        }
        nodes.append(Node(name: node.name, op: .primitive(.matMul), inputs: factors, outputs: node.outputs))
        return .nodes(nodes)
    }

    /// Zero points that broadcast as they are: one, or of the right operand one for each column.
    private func isSingleOrColumns(_ editor: GraphEditor, _ zero: ValueID?, place: Int) -> Bool {
        guard let zero else { return true }
        let shape = editor.shape(zero)
        return shape.dimensions.allSatisfy { $0 == 1 } || place == 1 && shape.dimensions.count == 1
    }

    private func offset(
        _ editor: inout GraphEditor, _ x: ValueID, _ zero: ValueID?, _ name: String, _ nodes: inout [Node]
    ) -> ValueID {
        func step(_ primitive: Primitive, _ operands: [ValueID], _ part: String, like id: ValueID) -> ValueID {
            let result = editor.addValue(name + part, editor.shape(id))
            nodes.append(
                Node(name: name + part, op: .primitive(primitive), inputs: operands, outputs: [result]))
            return result
        }
        let numbers = step(.cast(.f32), [x], "/float", like: x)
        guard let zero else { return numbers }
        let offset = step(.cast(.f32), [zero], "/zero", like: zero)
        return step(.binary(.subtract), [numbers, offset], "", like: x)
    }

    /// Whether a float32 value is of whole numbers: integers, and sums, products and movements of such.
    private func isWhole(_ editor: GraphEditor, _ id: ValueID, steps: Int = 12) -> Bool {
        guard steps > 0 else { return false }
        if let tensor = editor.graph.constants[id] {
            return !tensor.type.isFloatingPoint || tensor.widened().allSatisfy { $0 == $0.rounded() }
        }
        guard let (op, node) = editor.primitive(id) else { return false }
        func areWhole(_ operands: some Sequence<ValueID?>) -> Bool {
            operands.allSatisfy { $0.map { isWhole(editor, $0, steps: steps - 1) } ?? true }
        }
        switch op {
        case .cast(.f32):
            return node.inputs[0].map {
                !editor.graph[$0].type.isFloatingPoint || isWhole(editor, $0, steps: steps - 1)
            }
                ?? false
        case .binary(.add), .binary(.subtract), .binary(.multiply), .matMul, .convolution: return areWhole(node.inputs)
        case .reshape, .flatten, .squeeze, .unsqueeze, .transpose, .identity, .expand:
            return areWhole(node.inputs.prefix(1))
        default: return false
        }
    }
}
