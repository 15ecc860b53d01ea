internal import UnmaskGraph

extension Emitter {
    /// Axes are an attribute before opset 18 (13 for sums), and an operand from then on.
    mutating func emitReduction(
        _ reduction: Reduction, keep: Bool, emptyIsNone: Bool, _ node: Node
    ) throws(ONNXExportError) -> String {
        let op =
            switch reduction {
            case .mean: "ReduceMean"
            case .sum: "ReduceSum"
            case .maximum: "ReduceMax"
            case .minimum: "ReduceMin"
            case .product: "ReduceProd"
            case .l1: "ReduceL1"
            case .l2: "ReduceL2"
            case .logSum: "ReduceLogSum"
            case .logSumExp: "ReduceLogSumExp"
            case .sumSquare: "ReduceSumSquare"
            }
        var attributes: [(String, ExportAttribute)] = [("keepdims", .int(keep ? 1 : 0))]
        if opset >= (reduction == .sum ? 13 : 18) {
            if emptyIsNone { attributes.append(("noop_with_empty_axes", .int(1))) }
            return try withAttributes(op, node, attributes)
        }
        let axes = try node.inputs.dropFirst().first.flatMap(\.self).map { id throws(ONNXExportError) in
            try integers(id, "axes", of: node)
        }
        if emptyIsNone, axes?.isEmpty ?? true {
            return append("Identity", [try operands(of: node)[0]], node)[0]
        }
        if let axes, !axes.isEmpty { attributes.append(("axes", .ints(axes))) }
        return append(op, [try operands(of: node)[0]], node, attributes)[0]
    }

    mutating func emitArgument(
        greatest: Bool, axis: Int, keep: Bool, last: Bool, _ node: Node
    ) throws(ONNXExportError) -> String {
        let op = greatest ? "ArgMax" : "ArgMin"
        var attributes: [(String, ExportAttribute)] = [("axis", .int(axis)), ("keepdims", .int(keep ? 1 : 0))]
        if last {
            try require(12, "\(op) with select_last_index", node)
            attributes.append(("select_last_index", .int(1)))
        }
        return try withAttributes(op, node, attributes)
    }
}
