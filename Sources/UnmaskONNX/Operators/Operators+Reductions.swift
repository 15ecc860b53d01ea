internal import UnmaskGraph

extension OperatorRegistry {
    static let reductions: Table = [
        // The opset from which axes are an operand.
        "ReduceSum": .reduce(.sum, 13), "ReduceMean": .reduce(.mean, 18), "ReduceMax": .reduce(.maximum, 18),
        "ReduceMin": .reduce(.minimum, 18), "ReduceProd": .reduce(.product, 18), "ReduceL1": .reduce(.l1, 18),
        "ReduceL2": .reduce(.l2, 18), "ReduceLogSum": .reduce(.logSum, 18),
        "ReduceLogSumExp": .reduce(.logSumExp, 18), "ReduceSumSquare": .reduce(.sumSquare, 18),

        "ArgMax": .argument(greatest: true), "ArgMin": .argument(greatest: false),
        "TopK": OperatorReader(2...2, outputs: 1...2) { node throws(NodeProblem) in
            let axis = try node.int("axis", default: -1)
            let largest = try node.flag("largest", default: true)
            try node.emit(.topK(axis: axis, largest: largest, sorted: try node.flag("sorted", default: true)))
        },
    ]
}

extension OperatorReader {
    fileprivate static func reduce(_ reduction: Reduction, _ axesOperandSince: Int) -> OperatorReader {
        OperatorReader(1...2) { node throws(NodeProblem) in
            let primitive = Primitive.reduce(
                reduction, keepAxes: try node.flag("keepdims", default: true),
                emptyIsNone: try node.flag("noop_with_empty_axes", default: false))
            try node.emit(primitive, [try node.operand(0), try node.axes(operandSince: axesOperandSince)])
        }
    }

    fileprivate static func argument(greatest: Bool) -> OperatorReader {
        OperatorReader(1...1) { node throws(NodeProblem) in
            let axis = try node.int("axis", default: 0)
            let keepAxes = try node.flag("keepdims", default: true)
            let last = try node.flag("select_last_index", default: false)
            try node.emit(.argument(greatest: greatest, axis: axis, keepAxes: keepAxes, last: last))
        }
    }
}

extension NodeImport {
    /// Axes, an attribute in older versions, as an operand.
    func axes(_ name: String = "axes", operandSince version: Int) throws(NodeProblem) -> ValueID? {
        if opset >= version { return operands[1] }
        guard operands[1] == nil else { throw .invalid("\(name) are no operand before opset \(version)") }
        return try ints(name).map { constant($0) }
    }
}
