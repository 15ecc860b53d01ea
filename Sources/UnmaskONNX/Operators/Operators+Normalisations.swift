internal import UnmaskGraph

extension OperatorRegistry {
    private static let rootMeanSquare = OperatorReader(2...2) { node throws(NodeProblem) in
        node.ignore("stash_type")
        let axis = try node.int("axis", default: -1)
        try node.emit(.rootMeanSquareNormalization(axis: axis, epsilon: try node.float("epsilon", default: 1e-5)))
    }

    static let normalisations: Table = [
        "LayerNormalization": OperatorReader(2...3, outputs: 1...3) { node throws(NodeProblem) in
            node.ignore("stash_type")
            let axis = try node.int("axis", default: -1)
            try node.emit(.layerNormalization(axis: axis, epsilon: try node.float("epsilon", default: 1e-5)))
        },
        "RMSNormalization": rootMeanSquare,
        // onnxruntime's name of it in ONNX's own domain.
        "SimplifiedLayerNormalization": rootMeanSquare,
        "BatchNormalization": OperatorReader(5...5, outputs: 1...5) { node throws(NodeProblem) in
            node.ignore("momentum")
            guard try !node.flag("training_mode", default: false), node.resultNames.count == 1 else {
                throw .unsupported("training")
            }
            try node.emit(.batchNormalization(epsilon: try node.float("epsilon", default: 1e-5)))
        },
        "InstanceNormalization": OperatorReader(3...3) { node throws(NodeProblem) in
            try node.emit(.instanceNormalization(epsilon: try node.float("epsilon", default: 1e-5)))
        },
        "GroupNormalization": OperatorReader(3...3) { node throws(NodeProblem) in
            node.ignore("stash_type")
            let groups = try node.requiredInt("num_groups", in: .positive)
            let normalisation = Primitive.groupNormalization(
                groups: groups, epsilon: try node.float("epsilon", default: 1e-5))
            guard node.opset < 21 else { return try node.emit(normalisation) }
            // Before opset 21, scale and bias have a number for each group, not for each channel.
            let channels = try node.dimension(0, axis: 1)
            guard channels % groups == 0 else { throw .invalid("\(channels) channels in \(groups) groups") }
            let scale = try node.spread(try node.operand(1), groups: groups, channels: channels)
            let bias = try node.spread(try node.operand(2), groups: groups, channels: channels)
            try node.emit(normalisation, [try node.operand(0), scale, bias])
        },
        "LpNormalization": OperatorReader(1...1) { node throws(NodeProblem) in
            let axis = try node.int("axis", default: -1)
            try node.emit(.lpNormalization(axis: axis, order: try node.int("p", default: 2, in: 1...2)))
        },
    ]
}

extension NodeImport {
    /// A number for each group, [groups], repeated for each channel: [channels].
    fileprivate func spread(_ x: ValueID, groups: Int, channels: Int) throws(NodeProblem) -> ValueID {
        let column = try add(.reshape(allowZero: false), x, constant([groups, 1]))
        let spread = try add(.expand, column, constant([groups, channels / groups]))
        return try add(.reshape(allowZero: false), spread, constant([channels]))
    }
}
