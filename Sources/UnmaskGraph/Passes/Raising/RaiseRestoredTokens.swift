/// The decoder's input of a masked autoencoder becomes `restoreTokens`: behind the visible tokens x[:, 1:] stand mask
/// tokens, `ids_restore` (an input of the graph) puts them in their places, x[:, :1] goes in front, and positions are
/// added to all.
public struct RaiseRestoredTokens: Pass {
    public let name = "raise-restored-tokens"
    public init() {}

    public func run(_ graph: inout Graph) -> Int {
        graph.rewrite { editor, node in
            guard let (a, b) = editor.operands(of: node, .add) else { return nil }
            for (tokens, table) in [(a, b), (b, a)] {
                guard let (x, mask, ids) = restored(editor, tokens), let positions = editor.graph.constants[table],
                    positions.type.isFloatingPoint, editor.shape(tokens) == editor.shape(node.output),
                    let count = editor.shape(tokens).dimensions[1].number, let width = editor.shape(tokens).width,
                    positions.shape.suffix(2) == [count, width], positions.count == count * width
                else { continue }
                let operands = [
                    x, editor.addConstant("mask_token", mask),
                    editor.addConstant(editor.graph[table].name, Tensor(positions.widened(), shape: [count, width])),
                    ids,
                ]
                return .nodes([Node(name: node.name, op: .restoreTokens, inputs: operands, outputs: node.outputs)])
            }
            return nil
        }
    }

    private func restored(_ editor: GraphEditor, _ id: ValueID) -> (x: ValueID, mask: Tensor, ids: ValueID)? {
        guard let (cls, ordered) = joined(editor, id), let (shuffled, ids) = editor.gatheredTokens(ordered),
            let (visible, masks) = joined(editor, shuffled), let mask = editor.repeatedRow(masks)
        else { return nil }
        let (first, rest) = (editor.layout(of: cls), editor.layout(of: visible))
        let x = editor.shape(first.base)
        let one = Layout(first.base, shape: x).sliced(1, from: 0, count: 1)
        guard first.base == rest.base, x.rank == 3, first == one,
            let remaining = x.dimensions[1].subtracting(1),
            rest == Layout(first.base, shape: x).sliced(1, from: 1, count: remaining),
            // Every place that is not among the visible ones is a mask.
            let reach = remaining.adding(editor.shape(masks).dimensions[1]),
            let places = editor.shape(ids).dimensions.last, reach.isLess(than: places) == false
        else { return nil }
        return (first.base, mask, ids)
    }

    /// Two values [B, n, D] and [B, m, D], one behind the other.
    private func joined(_ editor: GraphEditor, _ id: ValueID) -> (ValueID, ValueID)? {
        guard case .concat(let axis)? = editor.primitive(id)?.op, axis == 1 || axis == -2, editor.shape(id).rank == 3,
            let node = editor.definition(id), node.inputs.count == 2, let a = node.inputs[0], let b = node.inputs[1]
        else { return nil }
        return (a, b)
    }
}
