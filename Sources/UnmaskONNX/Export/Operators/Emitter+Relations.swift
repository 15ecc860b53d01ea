internal import UnmaskGraph

/// Attention whose scores have in them how two places of a grid lie to one another (Li et al. 2022).
extension Emitter {
    /// As attention of wider heads, which needs no scores of their own for it: a query's numbers are followed by its products
    /// with each row's and each column's entry, a key's by ones at its own row and column, a value's by zeros, which are cut
    /// off the result.
    mutating func emitRelatedAttention(
        _ qkv: String, of node: Node, heads: Int, head d: Int
    ) throws(ONNXExportError) -> String {
        let name = node.name
        let down = try relationTable(node, AttentionInput.rowTable, width: d)
        let across = try relationTable(node, AttentionInput.columnTable, width: d)
        let (rows, columns) = (down.side, across.side)
        let split = reshape(qkv, [-1, rows, columns, 3, heads, d], name + "/parts")
        func part(_ index: Int, _ emitter: inout Emitter) -> String {
            emitter.node("Gather", [split, emitter.integer(index)], "\(name)/part\(index)", ["axis": .int(3)])
        }
        let parts = [part(0, &self), part(1, &self), part(2, &self)]  // [b, rows, columns, H, d] each
        let (extra, wide) = (rows + columns, d + rows + columns)
        let query = relatedQueries(parts[0], down, across, heads: heads, width: d, name)
        let padding = integers([0, 0, 0, 0, 0, 0, 0, 0, 0, extra])
        var marks = [Float](repeating: 0, count: rows * columns * heads * wide)
        for head in 0..<rows * columns * heads {
            let place = head / heads
            marks[head * wide + d + place / columns] = 1
            marks[head * wide + d + rows + place % columns] = 1
        }
        let places = initializer(name + "/places", Tensor(marks, shape: [1, rows, columns, heads, wide]))
        let padded = self.node("Pad", [parts[1], padding], name + "/k/padded")
        let key = self.node("Add", [padded, places], name + "/k/wide")
        let value = self.node("Pad", [parts[2], padding], name + "/v/wide")
        let flat = [query, key, value].enumerated().map { index, part in
            reshape(part, [-1, rows * columns, heads * wide], "\(name)/wide\(index)")
        }
        // Rows of one value, as importers read them.
        let joint = self.node("Concat", flat, name + "/joint", ["axis": .int(2)])
        let attendedTo = (0..<3).map { part in
            slice(
                joint, axis: 2, from: part * heads * wide, to: (part + 1) * heads * wide, "\(name)/columns\(part)")
        }
        let attended = attend(
            attendedTo, split: [true, true, true], bias: nil, heads: heads, head: wide,
            scale: 1 / Float(d).squareRoot(),
            name + "/attended")
        let byHead = reshape(attended, [0, 0, heads, wide], name + "/attended/heads")
        let narrow = slice(byHead, axis: 3, from: 0, to: d, name + "/narrow")
        return reshape(narrow, [0, 0, heads * d], name)
    }

    /// [b, rows, columns, H, d] → [b, rows, columns, H, d + rows + columns].
    private mutating func relatedQueries(
        _ q: String, _ down: RelationTable, _ across: RelationTable, heads: Int, width d: Int, _ name: String
    ) -> String {
        let (rows, columns) = (down.side, across.side)
        // [b, rows, columns·H, d] times [rows, d, rows], and the same with rows and columns exchanged.
        let byRow = reshape(q, [-1, rows, columns * heads, d], name + "/by row")
        let ofRows = reshape(
            self.node("MatMul", [byRow, down.spread], name + "/rows"), [-1, rows, columns, heads, rows], name + "/down")
        let exchanged = transpose(q, [0, 2, 1, 3, 4], name + "/exchanged")
        let byColumn = reshape(exchanged, [-1, columns, rows * heads, d], name + "/by column")
        let found = reshape(
            self.node("MatMul", [byColumn, across.spread], name + "/columns"), [-1, columns, rows, heads, columns],
            name + "/across")
        let ofColumns = transpose(found, [0, 2, 1, 3, 4], name + "/right")
        return self.node("Concat", [q, ofRows, ofColumns], name + "/q/wide", ["axis": .int(4)])
    }

    /// A table of one side of a grid, its rows for every query's place, [side, width, side].
    private struct RelationTable {
        var side: Int
        var spread: String
    }

    private mutating func relationTable(
        _ node: Node, _ place: Int, width: Int
    ) throws(ONNXExportError) -> RelationTable {
        let table = try tensor(node.operand(place), "table", of: node)
        let side = ((table.shape.first ?? 0) + 1) / 2
        guard side > 0, table.shape == [2 * side - 1, width] else {
            throw .unsupported(node: node.name, "its table is \(table.shape)")
        }
        let numbers = table.widened()
        let spread = (0..<side * width * side).map { index in
            let (key, column, query) = (index % side, index / side % width, index / side / width)
            return numbers[(key - query + side - 1) * width + column]
        }
        let name = initializer("\(node.name)/table\(place)", Tensor(spread, shape: [side, width, side]))
        return RelationTable(side: side, spread: name)
    }
}
