extension [NodeProto] {
    /// The nodes in an order in which every operand comes before its use: that of the file where it is one, which the
    /// format asks for and converters do not always keep. A node comes as soon as what it needs is there, those that
    /// stand earlier in the file first.
    ///
    /// Where there is no such order, `cycle` has the names of nodes that need one another.
    func sortedNodes() -> (order: [Int], cycle: [String]) {
        var producers: [String: Int] = [:]
        for (index, node) in enumerated() {
            for output in node.output where !output.isEmpty && producers[output] == nil { producers[output] = index }
        }
        let needs = map { node in Set(node.usedNames.compactMap { producers[$0] }) }
        if needs.enumerated().allSatisfy({ index, needs in needs.allSatisfy { $0 < index } }) {
            return (Array<Int>(indices), [])
        }
        // Depth first, with a stack of its own: files may chain very many nodes.
        var order: [Int] = []
        var state = [Visit](repeating: .new, count: count)
        for root in indices where state[root] == .new {
            var stack = [(node: root, left: needs[root].sorted()[...])]
            state[root] = .open
            while let (index, left) = stack.last {
                guard let next = left.first else {
                    state[index] = .done
                    order.append(index)
                    stack.removeLast()
                    continue
                }
                stack[stack.count - 1].left = left.dropFirst()
                switch state[next] {
                case .done: break
                case .new:
                    state[next] = .open
                    stack.append((next, needs[next].sorted()[...]))
                case .open:
                    let cycle = stack.drop { $0.node != next }.map { self[$0.node].label(at: $0.node) }
                    return ([], cycle)
                }
            }
        }
        return (order, [])
    }

    private enum Visit { case new, open, done }
}

extension NodeProto {
    /// What messages call a node: its name, else its operator and place.
    func label(at index: Int) -> String { name.isEmpty ? "\(opType)_\(index)" : name }

    /// The names of operands, and all that graphs in attributes use of what is around them.
    var usedNames: [String] {
        var names = input.filter { !$0.isEmpty }
        for attribute in attribute where attribute.hasG {
            names += attribute.g.output.map(\.name)
            for node in attribute.g.node { names += node.usedNames }
        }
        return names
    }
}
