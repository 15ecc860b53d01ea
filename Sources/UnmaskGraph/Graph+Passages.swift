extension Graph {
    /// The values through which everything passes that comes from an input and that nodes still read, in order: where
    /// the graph could be cut in two. Outputs that no node reads do not count.
    ///
    /// Judged by the order of the nodes, so a passage may be missed where branches are interleaved, but what is found is
    /// one. Values that are known before the graph runs do not count as coming from the input.
    public func passages(from input: ValueID) -> [ValueID] {
        var unread: [ValueID: Int] = [:]
        for node in nodes {
            for id in Set(node.inputs.compactMap(\.self)) { unread[id, default: 0] += 1 }
        }
        var live: Set<ValueID> = [input]
        var passages: [ValueID] = []
        for node in nodes {
            let operands = Set(node.inputs.compactMap(\.self))
            let depends = !operands.isDisjoint(with: live)
            for id in operands {
                unread[id, default: 0] -= 1
                if unread[id] == 0 { live.remove(id) }
            }
            guard depends else { continue }
            for id in node.outputs where integers[id] == nil && unread[id, default: 0] > 0 { live.insert(id) }
            if live.count == 1, let only = live.first, node.outputs.contains(only) { passages.append(only) }
        }
        return passages
    }
}
