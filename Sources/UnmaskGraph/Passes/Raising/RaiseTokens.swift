/// The encoder's input, CLS in front of the patches and positions added to all, becomes `assembleTokens`:
///
/// - `Concat(CLS, x) + positions`, with positions [1 + N, D]
/// - `Concat(CLS, x + positions)`, with positions [N, D] and CLS's own already in it
/// - `Concat(CLS, GatherElements(x + positions, ids))`, a masked autoencoder's: the patches of an image are then taken by
///   `ids_keep` before they are embedded. Only where `ids` are an input of the graph, whose numbers are checked.
///
/// CLS is a constant row, expanded or repeated to the batch.
public struct RaiseTokens: Pass {
    public let name = "raise-tokens"
    public init() {}

    public func run(_ graph: inout Graph) -> Int {
        let uses = graph.useCounts()
        return graph.rewrite { editor, node in
            switch node.op {
            case .primitive(.binary(.add)): positionsOfAll(&editor, node)
            case .primitive(.concat): positionsOfPatches(&editor, node, uses)
            default: nil
            }
        }
    }

    private func positionsOfAll(_ editor: inout GraphEditor, _ node: Node) -> Replacement? {
        guard let (a, b) = editor.operands(of: node, .add) else { return nil }
        for (tokens, table) in [(a, b), (b, a)] {
            guard let (cls, x) = classAndPatches(editor, tokens), let positions = positions(editor, table, of: tokens),
                editor.shape(tokens) == editor.shape(node.output)
            else { continue }
            let numbers = positions.widened()
            let width = cls.count
            let first = zip(cls.widened(), numbers).map { $0 + $1 }
            let name = editor.graph[table].name
            return assemble(
                &editor, node, x, first: Tensor(first, shape: [width]),
                positions: Tensor(Array(numbers[width...]), shape: [numbers.count / width - 1, width]), name, ids: nil)
        }
        return nil
    }

    private func positionsOfPatches(
        _ editor: inout GraphEditor, _ node: Node, _ uses: [ValueID: Int]
    ) -> Replacement? {
        guard let (cls, placed) = classAndPatches(editor, node.output) else { return nil }
        if let (x, table, positions) = placedPatches(editor, placed) {
            return assemble(
                &editor, node, x, first: cls, positions: positions, editor.graph[table].name, ids: nil)
        }
        guard let (whole, ids) = editor.gatheredTokens(placed),
            let (x, table, positions) = placedPatches(editor, whole),
            let linear = editor.definition(x), linear.op == .linear(LinearFusion()), uses[x] == 1,
            let patchesID = linear.inputs[LinearOperand.x], let patches = editor.definition(patchesID),
            case .patches = patches.op, patches.inputs.count < 2 || patches.inputs[1] == nil,
            let width = editor.shape(patchesID).width
        else { return nil }
        var kept = patches
        let batchAndCount = editor.shape(ids)
        let shape = Shape(batchAndCount.dimensions + [.fixed(width)])
        kept.inputs = [patches.inputs[0], ids]
        kept.outputs = [editor.addValue(patches.name + "/kept", shape)]
        var embedded = linear
        embedded.inputs[LinearOperand.x] = kept.output
        embedded.outputs = [editor.addValue(linear.name + "/kept", shape.with(width: cls.count))]
        guard
            case .nodes(let assembled)? = assemble(
                &editor, node, embedded.output, first: cls, positions: positions, editor.graph[table].name, ids: ids)
        else { return nil }
        return .nodes([kept, embedded] + assembled)
    }

    private func assemble(
        _ editor: inout GraphEditor, _ node: Node, _ x: ValueID, first: Tensor, positions: Tensor, _ name: String,
        ids: ValueID?
    ) -> Replacement? {
        let operands = [
            x, editor.addConstant("cls_token + " + name, first), editor.addConstant(name, positions), ids,
        ]
        return .nodes([Node(name: node.name, op: .assembleTokens, inputs: operands, outputs: node.outputs)])
    }

    /// A constant row in front of tokens [B, N, D].
    private func classAndPatches(_ editor: GraphEditor, _ id: ValueID) -> (cls: Tensor, x: ValueID)? {
        guard case .concat(let axis)? = editor.primitive(id)?.op, let node = editor.definition(id),
            node.inputs.count == 2,
            axis == 1 || axis == -2, editor.shape(id).rank == 3, let front = node.inputs[0], let x = node.inputs[1],
            editor.shape(front).dimensions[1] == 1, let cls = editor.repeatedRow(front)
        else { return nil }
        return (cls, x)
    }

    /// x + positions, with as many positions as there are tokens.
    private func placedPatches(
        _ editor: GraphEditor, _ id: ValueID
    ) -> (x: ValueID, table: ValueID, positions: Tensor)? {
        guard let (a, b) = editor.operands(of: id, .add), editor.shape(id).rank == 3 else { return nil }
        for (x, table) in [(a, b), (b, a)] {
            if let positions = positions(editor, table, of: id), editor.shape(x) == editor.shape(id) {
                return (x, table, positions)
            }
        }
        return nil
    }

    /// A constant row for each token of a value.
    private func positions(_ editor: GraphEditor, _ table: ValueID, of tokens: ValueID) -> Tensor? {
        guard editor.shape(tokens).rank == 3, case let sizes = editor.shape(tokens).dimensions,
            let count = sizes[1].number, let width = sizes[2].number, let tensor = editor.graph.constants[table],
            tensor.type.isFloatingPoint, width > 0, tensor.shape.suffix(2) == [count, width],
            tensor.count == count * width
        else { return nil }
        return Tensor(tensor.widened(), shape: [count, width])
    }
}

extension GraphEditor {
    /// The row that stands in every place of a value [B, n, D]: a constant, expanded or repeated.
    /// - Parameter steps: how many nodes are followed at most.
    func repeatedRow(_ id: ValueID, steps: Int = 8) -> Tensor? {
        guard steps > 0, let width = shape(id).width else { return nil }
        if let tensor = row(id, width: width) ?? equalRows(id, width: width) { return tensor }
        switch primitive(id)?.op {
        case .expand, .tile:
            guard let x = definition(id)?.inputs[0], shape(x).width == width else { return nil }
            return repeatedRow(x, steps: steps - 1)
        default: return nil
        }
    }

    /// The row that a constant repeats: what expansion to a fixed batch was folded to.
    private func equalRows(_ id: ValueID, width: Int) -> Tensor? {
        guard let tensor = graph.constants[id], tensor.type.isFloatingPoint, width > 0, tensor.shape.last == width
        else { return nil }
        let numbers = tensor.widened()
        let row = Array(numbers.prefix(width))
        let repeats = numbers.indices.allSatisfy { numbers[$0].bitPattern == row[$0 % width].bitPattern }
        return repeats && !row.isEmpty ? Tensor(row, shape: [width]) : nil
    }

    /// Tokens [B, N, D] of which those that an input of the graph, `ids` [B, K], names are taken.
    func gatheredTokens(_ id: ValueID) -> (x: ValueID, ids: ValueID)? {
        guard case .gatherElements(let axis)? = primitive(id)?.op, axis == 1 || axis == -2, shape(id).rank == 3,
            let node = definition(id), let x = node.inputs[0], var indices = node.inputs[1]
        else { return nil }
        // One number a token, repeated along the token's row.
        while let (op, node) = primitive(indices), let before = node.inputs[0] {
            switch op {
            case .expand, .tile, .identity: break
            case .unsqueeze, .reshape:
                guard shape(before).rank == 2,
                    Shape(shape(before).dimensions + [1]) == shape(indices)
                else { return nil }
            default: return nil
            }
            indices = before
        }
        guard graph.inputs.contains(indices), graph[indices].type == .i32, shape(indices).rank == 2,
            shape(indices).dimensions == Array(shape(id).dimensions.prefix(2))
        else { return nil }
        return (x, indices)
    }
}
