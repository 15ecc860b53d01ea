internal import CUnmaskKernels
internal import UnmaskGraph

/// How the rows of values lie between the products that write and read them.
///
/// A value that a product writes and nothing but products read, as numbers of 8 or 16 bits, is rounded to bfloat16 where it is
/// written: where they read bfloat16 they would do so themselves, and int8 is much coarser. Products by tile registers write and
/// read such values as tiles (`UNMASK_FORM_TILES`), in half the memory, where bfloat16 needs no packing. Others write rows
/// of the same numbers, where that is not what their readers do anyway.
struct ActivationForms {
    private var forms: [ValueID: unmask_form] = [:]

    /// - Parameter nodes: those that run.
    init(_ graph: Graph, _ nodes: [Node], _ engine: Engine) {
        var between: Set<ValueID> = []
        var tiled: Set<ValueID> = []
        var coarse: Set<ValueID> = []  // read by int8 products
        for node in nodes where graph.writesForProducts(node) {
            between.insert(node.output)
            if unmask_product_kernel_writes_tiles(engine.kernel(node.arithmetic).handle) { tiled.insert(node.output) }
        }
        for node in nodes {
            let readsTiles = unmask_product_kernel_reads_tiles(engine.kernel(node.arithmetic).handle)
            for (index, id) in node.inputs.enumerated() {
                guard let id, between.contains(id) else { continue }
                if !graph.roundsOperand(index, of: node) { between.remove(id) }
                if !readsTiles { tiled.remove(id) }
                if case .i8 = node.arithmetic { coarse.insert(id) }
            }
        }
        for id in between.subtracting(graph.outputs.map(\.value)) {
            if tiled.contains(id) {
                forms[id] = UNMASK_FORM_TILES
            } else if coarse.contains(id) {
                forms[id] = UNMASK_FORM_ROUNDED
            }
        }
    }

    subscript(id: ValueID) -> unmask_form { forms[id] ?? UNMASK_FORM_ROWS }

    /// The memory that a value of this shape takes.
    func bytes(_ id: ValueID, _ shape: [Int]) -> Int {
        guard self[id] == UNMASK_FORM_TILES, let width = shape.last else {
            return shape.reduce(MemoryLayout<Float>.size, *)
        }
        let bytes = unmask_tiles_bytes(shape.dropLast().reduce(1, *), width)
        return bytes == 0 ? .max : bytes
    }
}

extension Graph {
    /// Numbers of a row that a tile holds.
    private static let tileWidth = 32

    private func headWidth(of node: Node) -> Int? {
        guard let width = self[node.output].shape.width else { return nil }
        return switch node.op {
        case .attention(let heads): width / heads
        case .separateAttention(let attention): width / attention.heads
        default: nil
        }
    }

    /// Whether the node's result may be other than rows of float32, whoever reads it.
    fileprivate func writesForProducts(_ node: Node) -> Bool {
        switch node.op {
        case .linear:
            let width = self[node.output].shape.width ?? 1
            return width % Graph.tileWidth == 0 && !node.hasOperand(LinearOperand.residual)
        default: return headWidth(of: node).map { $0 % Graph.tileWidth == 0 } ?? false
        }
    }

    /// Whether the node rounds what this operand holds to 16 bits or fewer, by no grid that is given, and changes nothing of it
    /// before.
    fileprivate func roundsOperand(_ operand: Int, of node: Node) -> Bool {
        guard operand == 0, node.arithmetic != .f32, node.grid == nil else { return false }
        switch node.op {
        case .linear(let fusion): return fusion.normEpsilon == nil
        case .attention:
            // Biases and tables are added to rows.
            let isPlain = !(1..<AttentionInput.count).contains { $0 != AttentionInput.ids && node.hasOperand($0) }
            return isPlain && headWidth(of: node).map { $0 % Graph.tileWidth == 0 } ?? false
        default: return false
        }
    }
}

extension Node {
    fileprivate func hasOperand(_ index: Int) -> Bool { index < inputs.count && inputs[index] != nil }
}
