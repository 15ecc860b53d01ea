internal import UnmaskGraph

extension Emitter {
    /// (x [B, K, D], prefix? [R, D], positions? [N, D], ids_keep?) → [B, R + K, D]: positions are added before the kept tokens
    /// are gathered, and the prefix goes in front.
    mutating func emitAssembleTokens(_ node: Node) throws(ONNXExportError) -> String {
        guard node.inputs.count >= 3, let x = node.inputs[0] else {
            throw .unsupported(node: node.name, "it needs tokens")
        }
        let (name, prefix) = (node.name, node.inputs[1])
        let patches: String
        if let positions = node.inputs[2] {
            patches = try emitPlacedTokens(node, x, positions, prefix == nil ? name : name + "/patches")
        } else {
            patches = try operand(x)
        }
        guard let prefix else { return patches }
        let table = try tensor(prefix, "prefix", of: node)
        let width = graph[node.output].shape.width ?? table.count
        let count = table.count / max(width, 1)
        let rows = initializer(graph[prefix].name, try reshaped(table, [1, count, width], node))
        let front = try expanded(rows, toBatchBy: [count, 1], name + "/prefix")  // [B, R, D]
        return self.node("Concat", [front, patches], name, ["axis": .int(1)])
    }

    /// x + positions of the patches kept.
    private mutating func emitPlacedTokens(
        _ node: Node, _ x: ValueID, _ positions: ValueID, _ result: String
    ) throws(ONNXExportError) -> String {
        let (name, ids) = (node.name, present(node.inputs.count > 3 ? node.inputs[3] : nil))
        let table = try tensor(positions, "positions", of: node)
        let width = table.shape[1]
        let positionsName = initializer(graph[positions].name, try reshaped(table, [1] + table.shape, node))
        if let (whole, wholeIDs) = ungathered[x], let ids, try operand(ids) == wholeIDs {
            let placed = self.node("Add", [whole, positionsName], name + "/placed")  // [B, N, D]
            return gather(placed, width: width, ids: wholeIDs, at: result)  // [B, K, D]
        } else if let ids {
            let rows = try expanded(positionsName, toBatchBy: [1, 1], name + "/positions")  // [B, N, D]
            let kept = gather(rows, width: width, ids: try operand(ids), at: name + "/positions/kept")
            return self.node("Add", [try operand(x), kept], result)
        }
        return self.node("Add", [try operand(x), positionsName], result)
    }

    /// (x [B, 1 + K, D], mask token [D], positions [1 + N, D], ids_restore) → [B, 1 + N, D].
    ///
    /// A mask token for each of the N patches stands behind the K visible ones, of which `ids_restore`, whose numbers are
    /// below N, reaches the first N - K: that spares the arithmetic of K.
    mutating func emitRestoreTokens(_ node: Node) throws(ONNXExportError) -> String {
        guard node.inputs.count >= 3, let x = node.inputs[0], let mask = node.inputs[1], let positions = node.inputs[2]
        else { throw .unsupported(node: node.name, "it needs tokens, a mask token and positions") }
        let (name, table) = (node.name, try tensor(positions, "positions", of: node))
        let (count, width) = (table.shape[0] - 1, table.shape[1])
        var tokens = try operand(x)
        if node.inputs.count > 3, let ids = present(node.inputs[3]) {
            let cls = slice(tokens, axis: 1, from: 0, to: 1, name + "/cls")  // [B, 1, D]
            let visible = slice(tokens, axis: 1, from: 1, name + "/visible")  // [B, K, D]
            let maskToken = initializer(
                graph[mask].name, try reshaped(try tensor(mask, "mask token", of: node), [1, 1, width], node))
            let masks = try expanded(maskToken, toBatchBy: [count, 1], name + "/masks")  // [B, N, D]
            let all = self.node("Concat", [visible, masks], name + "/shuffled", ["axis": .int(1)])  // [B, K + N, D]
            let ordered = gather(all, width: width, ids: try operand(ids), at: name + "/ordered")  // [B, N, D]
            tokens = self.node("Concat", [cls, ordered], name + "/tokens", ["axis": .int(1)])
        }
        let places = initializer(graph[positions].name, try reshaped(table, [1] + table.shape, node))
        return self.node("Add", [tokens, places], name)
    }

    /// [1, n, D] → [B, n or what `dimensions` asks for, D].
    private mutating func expanded(
        _ x: String, toBatchBy dimensions: [Int], _ name: String
    ) throws(ONNXExportError) -> String {
        let batch = try batchSize()
        if let constant = result.initializer(batch), let size = constant.tensor.int64s.first {
            guard [size] + dimensions != [1, 1, 1] else { return x }
            return node("Tile", [x, integers([size] + dimensions)], name)
        }
        let shape = node(
            "Concat", [batch, integers(dimensions)], name + "/shape", ["axis": .int(0)], type: .i64)
        return node("Expand", [x, shape], name)
    }

    private func reshaped(_ tensor: Tensor, _ shape: [Int], _ node: Node) throws(ONNXExportError) -> Tensor {
        guard let result = tensor.reshaped(shape) else {
            throw .unsupported(node: node.name, "a constant of shape \(tensor.shape) was expected to have \(shape)")
        }
        return result
    }
}

extension Tensor {
    /// The numbers of an i64 tensor; none for other types.
    var int64s: [Int] {
        guard type == .i64 else { return [] }
        return withBytes { bytes in
            (0..<count).map { Int(bytes.loadUnaligned(fromByteOffset: 8 * $0, as: Int64.self)) }
        }
    }
}
