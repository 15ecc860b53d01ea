internal import UnmaskGraph

extension OperatorRegistry {
    static let movement: Table = [
        "Transpose": OperatorReader(1...1) { node throws(NodeProblem) in
            let rank = try node.rank(0)
            try node.emit(.transpose(try node.ints("perm", in: .natural) ?? (0..<rank).reversed()))
        },
        "Reshape": OperatorReader(2...2) { node throws(NodeProblem) in
            try node.emit(.reshape(allowZero: try node.flag("allowzero", default: false)))
        },
        "Flatten": OperatorReader(1...1) { node throws(NodeProblem) in
            try node.emit(.flatten(axis: try node.int("axis", default: 1)))
        },
        "Squeeze": OperatorReader(1...2) { node throws(NodeProblem) in
            try node.emit(.squeeze, [try node.operand(0), try node.axes(operandSince: 13)])
        },
        "Unsqueeze": OperatorReader(1...2) { node throws(NodeProblem) in
            guard let axes = try node.axes(operandSince: 13) else { throw .invalid("axes are missing") }
            try node.emit(.unsqueeze, [try node.operand(0), axes])
        },
        "Slice": OperatorReader(3...5, .slice),
        "Split": OperatorReader(1...2, outputs: 1...Int.max) { node throws(NodeProblem) in
            let count = node.resultNames.count
            guard try node.int("num_outputs", default: count) == count else {
                throw .invalid("num_outputs is not \(count), the number of its results")
            }
            let axis = try node.int("axis", default: 0)
            let sizes = try node.axes("split", operandSince: 13)
            try node.emit(.split(axis: axis), [try node.operand(0), sizes])
        },
        "Concat": OperatorReader(1...Int.max) { node throws(NodeProblem) in
            try node.emit(.concat(axis: try node.requiredInt("axis")))
        },
        "Expand": OperatorReader(2...2, .expand),
        "Tile": OperatorReader(2...2, .tile),
        "Pad": OperatorReader(2...4) { node throws(NodeProblem) in
            try node.emit(.pad(try node.choice("mode", default: PaddingMode.constant)))
        },
        "Trilu": OperatorReader(1...2) { node throws(NodeProblem) in
            try node.emit(.triangle(upper: try node.flag("upper", default: true)))
        },
        "DepthToSpace": OperatorReader(1...1) { node throws(NodeProblem) in
            let block = try node.requiredInt("blocksize", in: .positive)
            let order = try node.choice("mode", default: DepthOrder.depthFirst)
            try node.emit(.depthToSpace(block: block, columnRow: order == .columnFirst))
        },
        "SpaceToDepth": OperatorReader(1...1) { node throws(NodeProblem) in
            try node.emit(.spaceToDepth(block: try node.requiredInt("blocksize", in: .positive)))
        },
    ]
}

private enum DepthOrder: String, CaseIterable {
    case depthFirst = "DCR"
    case columnFirst = "CRD"
}
