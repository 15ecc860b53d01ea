internal import UnmaskGraph

extension OperatorRegistry {
    static let gathering: Table = [
        "Gather": OperatorReader(2...2) { node throws(NodeProblem) in
            try node.emit(.gather(axis: try node.int("axis", default: 0)))
        },
        "GatherElements": OperatorReader(2...2) { node throws(NodeProblem) in
            try node.emit(.gatherElements(axis: try node.int("axis", default: 0)))
        },
        "GatherND": OperatorReader(2...2) { node throws(NodeProblem) in
            try node.emit(.gatherND(batchAxes: try node.int("batch_dims", default: 0, in: .natural)))
        },
        "ScatterND": OperatorReader(3...3) { node throws(NodeProblem) in
            try node.emit(.scatterND(try node.scatterReduction()))
        },
        "ScatterElements": OperatorReader(3...3) { node throws(NodeProblem) in
            try node.emit(.scatterElements(axis: try node.int("axis", default: 0), try node.scatterReduction()))
        },
    ]
}

/// ONNX's names of `ScatterReduction`.
private enum ScatterReductionName: String, CaseIterable {
    case none, add, mul, min, max

    var reduction: ScatterReduction {
        switch self {
        case .none: .none
        case .add: .add
        case .mul: .multiply
        case .min: .minimum
        case .max: .maximum
        }
    }
}

extension NodeImport {
    fileprivate func scatterReduction() throws(NodeProblem) -> ScatterReduction {
        try choice("reduction", default: ScatterReductionName.none).reduction
    }
}
