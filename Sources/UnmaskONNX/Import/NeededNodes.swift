extension GraphProto {
    /// The indices of the nodes that some values need, each behind those it needs itself, and the names that these nodes
    /// use.
    /// - Parameters:
    ///   - order: of all nodes, from `sortedNodes`.
    ///   - visited: counts the nodes that were looked at.
    func needed(for outputs: [String], order: [Int], visited: inout Int) -> (nodes: [Int], names: Set<String>) {
        var names = Set(outputs)
        var nodes: [Int] = []
        visited += node.count
        for index in order.reversed()
        where node[index].output.contains(where: { !$0.isEmpty && names.contains($0) }) {
            node[index].insertUsedNames(into: &names, visited: &visited)
            nodes.append(index)
        }
        return (nodes.reversed(), names)
    }
}

extension NodeProto {
    /// Inserts the names of operands, and all that graphs in attributes use.
    fileprivate func insertUsedNames(into names: inout Set<String>, visited: inout Int) {
        names.formUnion(input)
        for attribute in attribute where attribute.hasG {
            names.formUnion(attribute.g.output.map(\.name))
            visited += attribute.g.node.count
            for node in attribute.g.node { node.insertUsedNames(into: &names, visited: &visited) }
        }
    }
}
