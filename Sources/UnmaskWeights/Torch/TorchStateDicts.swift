/// Every dictionary of tensors in what a torch file's pickle describes: in dictionaries and lists however they nest.
///
/// A container is visited once, by its shortest path, so that sharing and cycles cost nothing; objects of other classes
/// are not looked into.
struct TorchStateDicts {
    let found: [StateDict]
    /// Keys of lists of tensors that are called averages, as some EMA helpers save them: which is whose is not said.
    let unnamedAverages: [String]

    /// Keys that lead to a dictionary, at most.
    private static let maximumDepth = 16
    /// Containers that are visited, at most: many times what a training script's optimizer has.
    private static let maximumContainers = 1 << 16
    /// Elements of a list that are looked into: logs are longer, lists of models shorter.
    private static let maximumElements = 256
    /// Longer keys lead nowhere.
    private static let maximumKeyByteCount = 256

    init(_ contents: TorchContents) {
        var found: [StateDict] = []
        var unnamed: [String] = []
        var visited: Set<Int> = []
        var queue: [(value: PickleValue, path: [String])] = []
        func enqueue(_ value: PickleValue, _ path: [String]) {
            guard case .node(let index) = value, path.count <= Self.maximumDepth,
                queue.count < Self.maximumContainers, path.last?.utf8.count ?? 0 <= Self.maximumKeyByteCount,
                visited.insert(index).inserted
            else { return }
            queue.append((value, path))
        }
        enqueue(contents.root, [])
        var next = 0
        while next < queue.count {
            let (value, path) = queue[next]
            next += 1
            var names: [String] = []
            var values: [PickleValue] = []
            for (key, child) in contents.children(value, limit: Self.maximumElements) {
                if !TorchView.isTensor(child, in: contents.heap) {
                    enqueue(child, path + [key.text])
                } else if key.isName {
                    names.append(key.text)
                    values.append(child)
                } else if key.text == "0", StateDictRank(path: path, prefix: "").isAveraged {
                    unnamed.append(path.joined(separator: "."))
                }
            }
            if !names.isEmpty { found.append(StateDict(path: path, names: names, values: values)) }
        }
        self.found = found
        unnamedAverages = unnamed
    }
}

extension TorchContents {
    /// A key of a dictionary, or a place in a list.
    fileprivate struct Key {
        let text: String
        /// Whether it is a string, as the names of tensors are.
        let isName: Bool
    }

    /// What a container holds: all entries of a dictionary, the first elements of a list or tuple.
    fileprivate func children(_ value: PickleValue, limit: Int) -> [(key: Key, value: PickleValue)] {
        if let entries = entries(value) {
            let named = entries.map { (key: Key(text: $0.name, isName: true), value: $0.value) }
            return named + numbered(value)
        }
        guard let node = heap.node(value) else { return [] }
        switch node.kind {
        case .list, .tuple:
            return node.items.prefix(limit).enumerated().map { (Key(text: "\($0.offset)", isName: false), $0.element) }
        default: return []
        }
    }

    /// Entries whose keys are numbers, as an optimizer's state has them.
    private func numbered(_ value: PickleValue) -> [(key: Key, value: PickleValue)] {
        guard let items = heap.node(value)?.items else { return [] }
        return stride(from: 0, to: items.count - 1, by: 2).compactMap { index in
            guard case .int(let number) = items[index] else { return nil }
            return (Key(text: "\(number)", isName: false), items[index + 1])
        }
    }

    /// What a value is, for a message.
    func summary(_ value: PickleValue) -> String {
        if TorchView.isTensor(value, in: heap) { return "a single tensor" }
        if let call = heap.call(value) { return "an object of \(quoted(call.name)), which is not loaded" }
        guard let node = heap.node(value) else {
            guard case .global(let name) = value else { return "a number, string or None" }
            return "the name of \(quoted(name))"
        }
        return switch node.kind {
        case .list: "a list"
        case .tuple: "a tuple"
        case .dictionary: "a dictionary of \(node.items.count / 2) entries"
        case .set: "a set"
        case .call, .persistent: "an unnamed object"
        }
    }
}
