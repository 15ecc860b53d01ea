extension Op {
    /// Whether each element of the result is an element of the first operand, as it is.
    var movesWhole: Bool {
        switch self {
        case .primitive(.reshape), .primitive(.transpose), .primitive(.flatten), .primitive(.squeeze),
            .primitive(.unsqueeze), .primitive(.identity), .primitive(.slice), .primitive(.gather),
            .primitive(.split), .selectToken, .dropTokens:
            true
        default: false
        }
    }
}

extension Graph {
    /// The grid that all numbers of a value are on, where it, or what it is moved from, was rounded to one.
    /// - Parameter producers: the index of the node that computes each value.
    func grid(of id: ValueID, _ producers: [ValueID: Int]) -> NumberGrid? {
        var id = id
        while let index = producers[id] {
            if case .roundToGrid(let grid) = nodes[index].op { return grid }
            guard nodes[index].op.movesWhole, let source = nodes[index].inputs.first ?? nil else { return nil }
            id = source
        }
        return nil
    }
}
