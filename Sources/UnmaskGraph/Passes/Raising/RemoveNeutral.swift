/// Removes what changes nothing: Identity, casts among floating-point types, x + 0, x - 0, x · 1, x / 1, an Expand to the
/// same shape, and the guard that torch puts behind softmax, `where(isnan(p), 0, p)`.
///
/// The guard is for rows that are masked throughout, which have no finite score; no row of an image model is. With it go
/// the masks that let everything through: `x + where(true, 0, -3.4e38)`.
public struct RemoveNeutral: Pass {
    public let name = "remove-neutral"
    public init() {}

    public func run(_ graph: inout Graph) -> Int {
        graph.rewrite { editor, node in
            guard case .primitive(let primitive) = node.op,
                let kept = unchanged(editor, node, primitive),
                editor.shape(kept) == editor.shape(node.output)
            else { return nil }
            return .value(kept)
        }
    }

    /// The operand that the result equals, if its shape is the result's.
    private func unchanged(_ editor: GraphEditor, _ node: Node, _ primitive: Primitive) -> ValueID? {
        let graph = editor.graph
        switch primitive {
        case .identity, .expand:
            return node.inputs[0]
        case .cast:
            guard let x = node.inputs[0], graph[x].type.isFloatingPoint, graph[node.output].type.isFloatingPoint else {
                return nil
            }
            return x
        case .binary(let function):
            return unchanged(editor, node, function)
        case .select:
            guard node.inputs.count == 3, let x = editor.operand(of: node.inputs[0], .isNaN), node.inputs[2] == x,
                isSoftmax(editor.definition(x)?.op), editor.uniform(node.inputs[1]) == 0
            else { return nil }
            return x
        default:
            return nil
        }
    }

    private func unchanged(_ editor: GraphEditor, _ node: Node, _ function: BinaryFunction) -> ValueID? {
        let (a, b) = (node.inputs[0], node.inputs[1])
        switch function {
        case .add: return editor.uniform(b) == 0 ? a : editor.uniform(a) == 0 ? b : nil
        case .subtract: return editor.uniform(b) == 0 ? a : nil
        case .multiply: return editor.uniform(b) == 1 ? a : editor.uniform(a) == 1 ? b : nil
        case .divide: return editor.uniform(b) == 1 ? a : nil
        default: return nil
        }
    }

    private func isSoftmax(_ op: Op?) -> Bool {
        switch op {
        case .softmax, .primitive(.softmax): true
        default: false
        }
    }
}
